import { readStatus } from 'online-migration';
import { largeRecordCreatedAtChange } from '../../large-record/created-at-change.ts';

import type { Connection } from './connection.ts';

/**
 * Counts the rows whose two columns differ, in plain SQL.
 *
 * @param mayBeEmpty whether the new column may be null, as before the backfill
 * @returns 0 if only one column exists
 */
export async function countColumnDifferences(connection: Connection, mayBeEmpty: boolean): Promise<number> {
  const { stage } = await readStatus(connection, largeRecordCreatedAtChange);
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
