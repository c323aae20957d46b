import { readStatus } from 'online-migration';
import { createdAtChange } from '../../large-record/created-at-change.ts';

import type { Connection } from './connection.ts';

/**
 * Counts the rows whose two columns do not say the same, in plain SQL.
 *
 * @param mayBeEmpty whether the new column of a row may be empty, as it is before the backfill
 * @returns 0 where there is but one column
 */
export async function countColumnDifferences(connection: Connection, mayBeEmpty: boolean): Promise<number> {
  const { stage } = await readStatus(connection, createdAtChange);
  if (['initial', 'contracted', 'renamed'].includes(stage)) return 0;
  const { rows } = await connection.query<{ count: string }>(
    `
    select count(*) as count
    from public.large_record
    where created_at_new is distinct from created_at::timestamp at time zone 'UTC'
      and not ($1::boolean and created_at_new is null)`,
    [mayBeEmpty],
  );
  return Number(rows[0]!.count);
}
