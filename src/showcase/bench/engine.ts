import { largeRecordCreatedAtChange } from '../../large-record/created-at-change.ts';
import { nameOf } from 'online-migration';
import type { Connection } from '../harness/connection.ts';
import { migrateUpTo } from '../harness/migration-command.ts';
import type { MethodDatabase, Outcome } from './method-run.ts';
import { batchesOf, lockHoldsOf } from '../harness/migration-events.ts';

/** Adds the new column and the sync trigger. */
export async function prepareEngine({ url, signal }: MethodDatabase): Promise<void> {
  await migrateUpTo(url, '0002', signal);
}

/** Runs the backfill as users do, with default settings except for the workers. */
export async function runEngine(
  { url, connection, signal }: MethodDatabase,
  workers: number,
): Promise<Outcome> {
  const { events, seconds, peakMemoryBytes } = await migrateUpTo(url, '0003', signal, {
    BACKFILL_WORKERS: String(workers),
  });
  const holds = lockHoldsOf(events).map(({ heldMs }) => heldMs);
  const batches = batchesOf(events);
  return {
    seconds: await readBackfillSeconds(connection),
    batches: batches.count,
    longestBatchMs: batches.longestMs,
    accessExclusiveMs: holds.length === 0 ? null : Math.max(...holds),
    process: { seconds, peakMemoryBytes },
  };
}

/** Duration from the plan to the last swept row, as the backfill recorded it. */
async function readBackfillSeconds(connection: Connection): Promise<number> {
  const { rows } = await connection.query<{ seconds: number }>(
    `
    select extract(epoch from finished_at - started_at)::float8 as seconds
    from online_migration.backfill
    where change = $1`,
    [nameOf(largeRecordCreatedAtChange)],
  );
  return rows[0]!.seconds;
}
