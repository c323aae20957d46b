import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../../harness/connection.ts';
import { addNewColumn, CONVERSION } from '../../harness/update-statements.ts';
import { type BatchTimes, timed } from './batch-times.ts';
import { createCopyTrigger } from './copy-trigger.ts';
import type { Method, MethodDatabase } from './method.ts';

/*
 * The algorithm of the gem online_migrations for a change of a column's type (`initialize_column_type_change` and
 * `backfill_column_for_type_change`), with its defaults:
 *
 * 1. Add the new column, and a row trigger that copies the old value on every insert and update.
 * 2. In the order of the key, find the first row of the next batch: 1,000 rows whose new column is null or differs.
 * 3. Update these rows between the first key and the next batch's, with the same condition.
 * 4. Wait for 50 ms, and go on at step 2.
 *
 * Source: fatkodima/online_migrations 0.36.0: lib/online_migrations/change_column_type_helpers.rb, copy_trigger.rb,
 * batch_iterator.rb, and `update_columns_in_batches` of schema_statements.rb (`batch_size: 1000`, `pause_ms: 50`).
 */

const BATCH_ROWS = 1_000;
const PAUSE_MS = 50;
const IS_UNFILLED = `(created_at_new <> ${CONVERSION} or created_at_new is null)`;

export const onlineMigrationsAlgorithm: Method = {
  name: 'online-migrations',
  title: 'online_migrations’ algorithm',
  column: 'created_at_new',
  workers: null,
  variants: ['kept'],
  // The pauses take 8 minutes for 10,000,000 rows.
  rowsDivisor: { alone: 1, loaded: 10 },
  prepare: async ({ connection }) => {
    await addNewColumn(connection);
    await createCopyTrigger(connection, 'update');
  },
  run: (database) => timed((batch) => fill(database, batch)),
};

async function fill({ connection, signal }: MethodDatabase, batch: BatchTimes): Promise<void> {
  let first = await unfilledKey(connection, 'true', 0);
  while (first !== undefined) {
    const next = await unfilledKey(connection, `id >= ${first}`, BATCH_ROWS);
    const range = `id >= ${first} ${next === undefined ? '' : `and id < ${next}`}`;
    await batch.time(() =>
      connection.query(
        `update public.large_record set created_at_new = ${CONVERSION} where ${IS_UNFILLED} and ${range}`,
      ),
    );
    await delay(PAUSE_MS, undefined, { signal });
    first = next;
  }
}

/** The key of an unfilled row, after `skipped` others; undefined if there is none. */
async function unfilledKey(
  connection: Connection,
  condition: string,
  skipped: number,
): Promise<string | undefined> {
  const { rows } = await connection.query<{ id: string }>(
    `select id from public.large_record where ${IS_UNFILLED} and ${condition} order by id offset $1 limit 1`,
    [skipped],
  );
  return rows[0]?.id;
}
