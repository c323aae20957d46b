import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../../harness/connection.ts';
import { addNewColumn, CONVERSION, readKeyBounds } from '../../harness/update-statements.ts';
import { type BatchTimes, timed } from './batch-times.ts';
import { createCopyTrigger } from './copy-trigger.ts';
import { FIRST_JOB_ROWS, JOB_INTERVAL_SECONDS, nextJobRows } from './gitlab-job-rows.ts';
import type { Method, MethodDatabase } from './method.ts';

/*
 * GitLab's batched background migration that copies a column, with the defaults of the helper that queues it
 * (`backfill_conversion_of_integer_to_bigint`):
 *
 * 1. Add the new column, and a row trigger that copies the old value on every insert and update. The greatest key at
 *    this time is the end.
 * 2. Run one job after the other. A job gets the next rows in the order of the key, 20,000 at first.
 * 3. In a job, update sub-batches of 1,000 rows, and wait for 100 ms after each.
 * 4. After a job, adapt the number of rows so that a job takes 90 to 95 % of the interval between jobs.
 *
 * GitLab starts at most one job per interval of two minutes. The benchmark leaves out this wait, its records of jobs,
 * and its checks of the database's health, so the figures are better than GitLab's own.
 *
 * Source: gitlabhq/gitlabhq (the mirror of gitlab-org/gitlab-foss), all under lib/gitlab:
 * database/migration_helpers.rb (`batch_size: 20_000`, `sub_batch_size: 1000`, `pause_ms: 100`, `interval: 2.minutes`;
 * read in the mirror pavankalisetti009/gitlab, 01f730f),
 * database/migrations/conversions/bigint_converter.rb (54cee68: it queues CopyColumnUsingBackgroundMigrationJob),
 * database/migrations/batched_background_migration_helpers.rb (commit 072dbf4),
 * background_migration/copy_column_using_background_migration_job.rb (174560a: a pause of 100 ms),
 * background_migration/batching_strategies/primary_key_batching_strategy.rb (13f31ab),
 * database/unidirectional_copy_trigger.rb (311b026); and app/models/concerns/each_batch.rb (ba0f316).
 */

const SUB_BATCH_ROWS = 1_000;
const PAUSE_MS = 100;

export const gitlabAlgorithm: Method = {
  name: 'gitlab',
  title: 'GitLab’s batched migration',
  column: 'created_at_new',
  workers: null,
  variants: ['kept'],
  // The pauses alone take 17 minutes for 10,000,000 rows.
  rowsDivisor: { alone: 10, loaded: 10 },
  prepare: async ({ connection }) => {
    await addNewColumn(connection);
    await createCopyTrigger(connection, 'update');
  },
  run: (database) => timed((batch) => fill(database, batch)),
};

async function fill(database: MethodDatabase, batch: BatchTimes): Promise<void> {
  const { first, last } = await readKeyBounds(database.connection);
  const efficiencies: number[] = [];
  let jobRows = FIRST_JOB_ROWS;
  for (let key: number | null = first; key !== null && key <= last;) {
    const next = await keyAfter(database.connection, key, last, jobRows);
    const began = performance.now();
    await runJob(database, batch, key, next === null ? last : next - 1);
    efficiencies.push((performance.now() - began) / 1000 / JOB_INTERVAL_SECONDS);
    jobRows = nextJobRows(jobRows, efficiencies);
    key = next;
  }
}

async function runJob(
  { connection, signal }: MethodDatabase,
  batch: BatchTimes,
  first: number,
  last: number,
): Promise<void> {
  for (let key: number | null = first; key !== null;) {
    const start: number = key;
    const next = await keyAfter(connection, start, last, SUB_BATCH_ROWS);
    await batch.time(() =>
      connection.query(
        `update public.large_record set created_at_new = ${CONVERSION}
         where id between $1 and $2 and id >= $3 ${next === null ? '' : `and id < ${next}`}`,
        [first, last, start],
      ),
    );
    await delay(PAUSE_MS, undefined, { signal });
    key = next;
  }
}

/** The key of the row that follows a number of rows, from a key on; null if there is none up to the last key. */
async function keyAfter(
  connection: Connection,
  key: number,
  last: number,
  skipped: number,
): Promise<number | null> {
  const { rows } = await connection.query<{ id: string }>(
    `select id from public.large_record where id between $1 and $2 order by id offset $3 limit 1`,
    [key, last, skipped],
  );
  return rows.length === 0 ? null : Number(rows[0]!.id);
}
