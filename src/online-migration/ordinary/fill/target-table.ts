import { RowKey } from '../../change/row-key.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Queryable } from '../../postgres/queryable.ts';
import { aliasOf, type TableFill, targetOf, updateOf } from './table-fill.ts';

/** The table of a fill, as it is when the fill begins. */
export interface TargetTable {
  /** Unquoted. */
  readonly schema: string;
  readonly name: string;
  /** Schema and name, quoted. */
  readonly table: string;
  /** SQL that identifies a row. */
  readonly key: string;
  /** SQL that names a row for people: `id 7`. */
  readonly label: string;
}

/**
 * Reads the table of a fill, and asks PostgreSQL whether it accepts the fill.
 * @param database with the settings of the migration
 * @throws OnlineMigrationError if the table does not exist, or PostgreSQL does not accept the fill
 */
export async function readTarget(database: Queryable, fill: TableFill): Promise<TargetTable> {
  const { rows } = await database.query<{ schema: string; name: string; key: string[] }>(
    `
    select n.nspname as schema, c.relname as name, coalesce(unique_key.columns, '{}') as key
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join lateral (
      select array(
        select a.attname::text
        from unnest(i.indkey) with ordinality as part (number, position)
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = part.number
        where part.position <= i.indnkeyatts
        order by part.position
      ) as columns
      from pg_catalog.pg_index i
      where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
        and not exists (
          select from pg_catalog.pg_attribute a
          where a.attrelid = c.oid and a.attnum = any (i.indkey) and not a.attnotnull
        )
      order by i.indisprimary desc, i.indnkeyatts, i.indexrelid
      limit 1
    ) as unique_key on true
    where c.oid = to_regclass($1)`,
    [targetOf(fill)],
  );
  const [found] = rows;
  if (found === undefined) throw notPossible(fill, 'the table does not exist');
  await database.query(`explain ${updateOf(fill)}`).catch((error: unknown) => {
    throw notPossible(fill, `PostgreSQL does not accept it: ${(error as Error).message}`, error);
  });
  const { schema, name, key } = found;
  const alias = aliasOf(fill);
  const label = key.map(
    (column) => `${escapeLiteral(`${column} `)} || ${alias}.${escapeIdentifier(column)}::text`,
  );
  return {
    schema,
    name,
    table: `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`,
    key: new RowKey(key).text(alias),
    label: label.length === 0 ? `'row ' || ${alias}.ctid::text` : label.join(` || ', ' || `),
  };
}

/**
 * The error of a fill that cannot be carried out.
 * @param reason a clause
 */
export function notPossible(fill: TableFill, reason: string, cause?: unknown): OnlineMigrationError {
  return new OnlineMigrationError(
    'FILL_NOT_POSSIBLE',
    `The fill of ${targetOf(fill)} cannot be carried out: ${reason}. Correct it, then run the same command again.`,
    { table: targetOf(fill), reason },
    { cause },
  );
}
