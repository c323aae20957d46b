import type { Queryable } from '../postgres/queryable.ts';

/**
 * The tables that the statements of a migration have made. They are kept by their numbers in the catalog: a statement can be taken back
 * by its migration later, with a savepoint, and its name can then be that of a table in use.
 */
export class MadeTables {
  readonly #oids = new Set<string>();

  /** The names of those that exist: with their schema, and without it if that is found. */
  async names(database: Queryable): Promise<string[]> {
    if (this.#oids.size === 0) return [];
    const { rows } = await database.query<{ names: string[] }>(
      `
      select array_remove(array[
        quoted.schema || '.' || quoted.name, case when pg_table_is_visible(c.oid) then quoted.name end
      ], null) as names
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      cross join lateral (
        select '"' || replace(nspname, '"', '""') || '"' as schema, '"' || replace(relname, '"', '""') || '"' as name
      ) as quoted
      where c.oid = any ($1::oid[])`,
      [[...this.#oids]],
    );
    return rows.flatMap(({ names }) => names);
  }

  /**
   * Notes tables that a statement has made.
   * @param names quoted
   * @param database the connection on which it has run
   */
  async add(database: Queryable, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const { rows } = await database.query<{ oid: string }>(
      `select to_regclass(name)::oid::text as oid from unnest($1::text[]) as name where to_regclass(name) is not null`,
      [names],
    );
    for (const { oid } of rows) this.#oids.add(oid);
  }
}
