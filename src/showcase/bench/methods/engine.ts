import { largeRecordCreatedAtChange } from '../../../large-record/created-at-change.ts';
import { nameOf } from 'online-migration';
import type { Connection } from '../../harness/connection.ts';
import { migrateUpTo } from '../../harness/migration-command.ts';
import { batchesOf } from '../../harness/migration-events.ts';
import { ALL_ROWS, type Method, type MethodDatabase, type Outcome } from './method.ts';

/** This project's engine: expand adds the new column and the sync trigger, and the backfill is measured. */
export function engine(workers: 1 | 2): Method {
  return {
    name: `engine-${workers}`,
    title: `this project, ${workers === 1 ? '1 worker' : `${workers} workers`}`,
    column: 'created_at_new',
    workers,
    variants: ['kept'],
    rowsDivisor: ALL_ROWS,
    prepare: ({ url, signal }) => migrateUpTo(url, '0002', signal),
    run: (database) => runEngine(database, workers),
  };
}

/** Runs the backfill as users do, with default settings except for the workers. */
async function runEngine({ url, connection, signal }: MethodDatabase, workers: number): Promise<Outcome> {
  const { events, seconds, peakMemoryBytes } = await migrateUpTo(url, '0003', signal, {
    BACKFILL_WORKERS: String(workers),
  });
  const batches = batchesOf(events);
  return {
    seconds: await readBackfillSeconds(connection),
    batches: batches.count,
    longestBatchMs: batches.longestMs,
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
