import type { Queryable } from '../column-change.ts';

/** Size of a table: its blocks as they are now, its rows as the catalog estimates them, or counted where it can't. */
export async function measureTable(
  database: Queryable,
  table: string,
): Promise<{ blocks: number; rows: number }> {
  const { rows } = await database.query<{ blocks: string; estimate: number }>(
    `
    select pg_relation_size(c.oid) / current_setting('block_size')::bigint as blocks, c.reltuples::float8 as estimate
    from pg_catalog.pg_class c
    where c.oid = to_regclass($1)`,
    [table],
  );
  const size = rows[0];
  if (size === undefined) throw new Error(`The table ${table} does not exist.`);
  if (size.estimate > 0) return { blocks: Number(size.blocks), rows: size.estimate };
  const counted = await database.query<{ count: string }>(`select count(*) as count from ${table}`);
  return { blocks: Number(size.blocks), rows: Number(counted.rows[0]?.count) };
}
