import {
  addNewColumn,
  readKeyBounds,
  updateAllRows,
  updateKeyRange,
  updateUnfilledRows,
} from '../../harness/update-statements.ts';
import { alterType } from '../../harness/alter-type.ts';
import { type BatchTimes, timed } from './batch-times.ts';
import { createCopyTrigger } from './copy-trigger.ts';
import { ALL_ROWS, type Method, type MethodDatabase, type MethodName } from './method.ts';

/*
 * The recipes of common guides. They have no trigger. The variant that keeps the columns equal has the one that people
 * usually write: it fires for the application's writes of the old column only.
 */

/** Rows per statement. */
const BATCH_ROWS = 10_000;

/** The reference method: batches of rows without a value, in no particular order. */
export const inLimit = recipe(
  'in-limit',
  '`IN (SELECT … IS NULL LIMIT 10000)`',
  async ({ connection }, batch) => {
    // It stops at the first incomplete batch: while the application adds rows, a batch without rows might never come.
    let rows: number;
    do rows = await batch.time(() => updateUnfilledRows(connection, BATCH_ROWS));
    while (rows === BATCH_ROWS);
  },
);

/** Batches by key, without a pause. */
export const keyRanges = recipe('ranges-10000', 'key ranges of 10,000', async ({ connection }, batch) => {
  const { first, last } = await readKeyBounds(connection);
  for (let key = first; key <= last; key += BATCH_ROWS) {
    await batch.time(() => updateKeyRange(connection, key, key + BATCH_ROWS - 1));
  }
});

export const wholeTable = recipe('whole-table', 'one `UPDATE` of the whole table', ({ connection }, batch) =>
  batch.time(() => updateAllRows(connection)),
);

/** It changes the column itself, and its lock keeps the application's writes out. So it needs no trigger. */
export const alterColumnType: Method = {
  name: 'alter-type',
  title: '`ALTER … TYPE`',
  column: 'created_at',
  workers: null,
  variants: ['published'],
  rowsDivisor: ALL_ROWS,
  prepare: async () => {},
  run: ({ connection }) => timed((batch) => batch.time(() => alterType(connection))),
};

function recipe(
  name: MethodName,
  title: string,
  fill: (database: MethodDatabase, batch: BatchTimes) => Promise<unknown>,
): Method {
  return {
    name,
    title,
    column: 'created_at_new',
    workers: null,
    variants: ['published', 'kept'],
    rowsDivisor: ALL_ROWS,
    prepare: async ({ connection }, variant) => {
      await addNewColumn(connection);
      if (variant === 'kept') await createCopyTrigger(connection, 'update of created_at');
    },
    run: (database) => timed((batch) => fill(database, batch)),
  };
}
