import type { Connection } from './connection.ts';

/** The conversion that people usually write: the cheapest one, without a check of the value. */
export const CONVERSION = `created_at::timestamp at time zone 'UTC'`;

/** Adds the nullable column to fill. This changes only the catalog. */
export async function addNewColumn(connection: Connection): Promise<void> {
  await connection.query(`alter table public.large_record add column created_at_new timestamptz`);
}

/** Fills all rows; returns their number. */
export async function updateAllRows(connection: Connection): Promise<number> {
  return countUpdated(connection, `update public.large_record set created_at_new = ${CONVERSION}`);
}

/**
 * Fills some unfilled rows, in no particular order; returns their number.
 *
 * @param limit greatest number of rows
 */
export async function updateUnfilledRows(connection: Connection, limit: number): Promise<number> {
  return countUpdated(
    connection,
    `
    update public.large_record
    set created_at_new = ${CONVERSION}
    where id in (select id from public.large_record where created_at_new is null limit $1)`,
    [limit],
  );
}

/** Fills the rows of an id range, both ends included; returns their number. */
export async function updateKeyRange(connection: Connection, first: number, last: number): Promise<number> {
  return countUpdated(
    connection,
    `update public.large_record set created_at_new = ${CONVERSION} where id between $1 and $2`,
    [first, last],
  );
}

/** The smallest and the greatest id. */
export async function readKeyBounds(connection: Connection): Promise<{ first: number; last: number }> {
  const { rows } = await connection.query<{ first: string; last: string }>(
    `select min(id) as first, max(id) as last from public.large_record`,
  );
  return { first: Number(rows[0]!.first), last: Number(rows[0]!.last) };
}

async function countUpdated(connection: Connection, update: string, values: unknown[] = []): Promise<number> {
  return (await connection.query(update, values)).rowCount ?? 0;
}
