import { setTimeout as delay } from 'node:timers/promises';
import { alterType } from '../harness/alter-type.ts';
import type { MethodDatabase, Outcome } from './method-run.ts';
import { BatchTimes } from './batch-times.ts';
import { prepareEngine, runEngine } from './engine.ts';
import {
  addNewColumn,
  readKeyBounds,
  updateAllRows,
  updateKeyRange,
  updateUnfilledRows,
} from '../harness/update-statements.ts';

/** Rows per statement of the reference method. */
const LIMIT_ROWS = 10_000;

/** The names for `--methods`. */
export type MethodName =
  | 'in-limit'
  | 'whole-table'
  | 'ranges-1000'
  | 'ranges-10000'
  | 'alter-type'
  | 'engine-1'
  | 'engine-2';

/** A way to convert the texts of `created_at` to timestamps. */
export interface Method {
  readonly name: MethodName;
  /** Its name in a table of results, in Markdown. */
  readonly title: string;
  /** The column with the timestamps afterwards. */
  readonly column: 'created_at' | 'created_at_new';
  /** Workers of this project's engine; null for other methods. */
  readonly workers: number | null;
  /** Preparation that is not measured. */
  readonly prepare: (database: MethodDatabase) => Promise<unknown>;
  readonly run: (database: MethodDatabase) => Promise<Outcome>;
}

/** All methods. The first is the reference method. */
export const METHODS: readonly Method[] = [
  updating('in-limit', '`IN (SELECT … IS NULL LIMIT 10000)`', fillUntilNoneIsLeft),
  updating('whole-table', 'one `UPDATE` of the whole table', ({ connection }, batch) =>
    batch.time(() => updateAllRows(connection)),
  ),
  updating('ranges-1000', 'key ranges of 1,000, 50 ms of pause', (database, batch) =>
    fillKeyRanges(database, batch, { rangeRows: 1_000, pauseMs: 50 }),
  ),
  updating('ranges-10000', 'key ranges of 10,000', (database, batch) =>
    fillKeyRanges(database, batch, { rangeRows: 10_000, pauseMs: 0 }),
  ),
  {
    name: 'alter-type',
    title: '`ALTER … TYPE`',
    column: 'created_at',
    workers: null,
    prepare: async () => {},
    run: async ({ connection }) => {
      const outcome = await timed((batch) => batch.time(() => alterType(connection)));
      return { ...outcome, accessExclusiveMs: outcome.longestBatchMs };
    },
  },
  engine(1),
  engine(2),
];

/** A method that fills a new column with its own updates. */
function updating(
  name: MethodName,
  title: string,
  fill: (database: MethodDatabase, batch: BatchTimes) => Promise<unknown>,
): Method {
  return {
    name,
    title,
    column: 'created_at_new',
    workers: null,
    prepare: ({ connection }) => addNewColumn(connection),
    run: (database) => timed((batch) => fill(database, batch)),
  };
}

/** This project's engine. */
function engine(workers: 1 | 2): Method {
  return {
    name: `engine-${workers}`,
    title: `this project, ${workers === 1 ? '1 worker' : `${workers} workers`}`,
    column: 'created_at_new',
    workers,
    prepare: prepareEngine,
    run: (database) => runEngine(database, workers),
  };
}

async function timed(work: (batch: BatchTimes) => Promise<unknown>): Promise<Outcome> {
  const batch = new BatchTimes();
  const began = performance.now();
  await work(batch);
  const seconds = (performance.now() - began) / 1000;
  const { batches, longestMs } = batch;
  return { seconds, batches, longestBatchMs: longestMs, accessExclusiveMs: null, process: null };
}

/** It stops at the first incomplete batch: while the application adds rows, a batch without rows might never come. */
async function fillUntilNoneIsLeft({ connection }: MethodDatabase, batch: BatchTimes): Promise<void> {
  let rows: number;
  do rows = await batch.time(() => updateUnfilledRows(connection, LIMIT_ROWS));
  while (rows === LIMIT_ROWS);
}

async function fillKeyRanges(
  { connection, signal }: MethodDatabase,
  batch: BatchTimes,
  { rangeRows, pauseMs }: { readonly rangeRows: number; readonly pauseMs: number },
): Promise<void> {
  const { first, last } = await readKeyBounds(connection);
  for (let key = first; key <= last; key += rangeRows) {
    await batch.time(() => updateKeyRange(connection, key, key + rangeRows - 1));
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal });
  }
}
