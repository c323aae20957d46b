import type { Queryable } from '../../postgres/queryable.ts';

/** How many rows an error names. */
export const MOST_ROWS = 5;

/**
 * An SQL expression that names a row: by its primary key, or by its place if it has none. Other columns stay closed, because they
 * can hold values that must not be in a log.
 *
 * @param table schema and name, quoted
 * @param alias the table's name in the query
 */
export async function rowLabel(database: Queryable, table: string, alias: string): Promise<string> {
  const { rows } = await database.query<{ label: string | null }>(
    `
    select string_agg(format('%s || %s.%I::text', quote_literal(quote_ident(a.attname) || ' '), $2::text, a.attname), ' || '', '' || ' order by key.position)
      as label
    from pg_catalog.pg_index i
    cross join unnest(i.indkey) with ordinality as key (attnum, position)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = key.attnum
    where i.indrelid = to_regclass($1) and i.indisprimary and key.position <= i.indnkeyatts`,
    [table, alias],
  );
  return rows[0]?.label ?? `'row ' || ${alias}.ctid::text`;
}
