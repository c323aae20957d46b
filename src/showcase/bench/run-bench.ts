import { numberPieces } from './pieces.ts';
import { rowCount } from '../../command-line/row-count.ts';
import { PATIENCE_MS } from '../harness/api-client.ts';
import { Choices } from '../harness/choices.ts';
import { connect } from '../harness/connection.ts';
import { readMachine } from '../harness/machine.ts';
import { OpenLoad } from '../harness/open-load.ts';
import { startServer } from '../harness/server.ts';
import type { BenchResult } from './bench-result.ts';
import { measureCapacity } from './capacity.ts';
import type { Pgroll } from './choose-pgroll.ts';
import { measureIdle } from './idle.ts';
import { type LockTime, measureLocks } from './lock-times.ts';
import { type LoadStarter, type MeasuredRun, measureRun } from './measured-run.ts';
import type { Method } from './methods/method.ts';
import { changeWithPgroll, type PgrollEnd } from './pgroll-command.ts';
import { planRuns } from './plan.ts';
import {
  type BenchObserver,
  describeLocks,
  describePgroll,
  describePlan,
  describeRun,
  describeSummary,
} from './progress.ts';
import { shuffled } from './shuffled.ts';
import { type BenchServer, createTemplate, type OwnedDatabase, useCopy } from './template.ts';
import { readToldSettings } from './told-settings.ts';
import type { ApiExperience } from './under-load.ts';

/** Number of the load's connections. */
export const CONNECTIONS = 32;
/** The load, as a share of the API's capacity. */
export const LOAD_SHARE = 0.5;
/** Ratio between the table's rows and those of the smaller table on which locks are measured. */
const LOCK_GROWTH = 100;

/** Options of the benchmark. */
export interface BenchOptions {
  /** Rows of the table. */
  readonly rows: number;
  readonly methods: readonly Method[];
  /** Whether only some methods run under load. */
  readonly isQuick: boolean;
  /** How many times the locks are measured. */
  readonly repetitions: number;
  /** Seed of the order and of the load's random choices. */
  readonly seed: number;
  /** The real pgroll; undefined if there is none. */
  readonly pgroll: Pgroll | undefined;
}

/**
 * Measures all methods on copies of the same data, on a separate server:
 *
 * 1. Start a throwaway PostgreSQL and seed the template; every run gets a copy.
 * 2. Measure the API's capacity. The load is half of it.
 * 3. Run each variant of each method with and without the load, and the load alone, in a random order.
 * 4. If pgroll is there, run it to the new type, and on another copy there and back.
 * 5. Run all migrations on a hundredth of the rows and on all rows, to measure the locks.
 *
 * @param signal stops it early; everything it started has ended when this function returns
 * @throws Error if a migration fails, or a method leaves a wrong value
 */
export async function runBench(
  { rows, methods, isQuick, repetitions, seed, pgroll }: BenchOptions,
  signal: AbortSignal,
  observer: BenchObserver,
): Promise<BenchResult> {
  const began = new Date();
  const plan = planRuns(rows, methods, isQuick);
  const lockRows = repetitions === 0 ? [] : [Math.round(rows / LOCK_GROWTH), rows];
  const sizes = new Set([rows, ...plan.map((run) => run.rows), ...lockRows]);
  // The capacity and the load alone, and pgroll's two runs.
  const pieces = sizes.size + 2 + plan.length + (pgroll === undefined ? 0 : 2) + lockRows.length;
  const piece = numberPieces(pieces, signal, observer);

  await using server = await startServer(signal);
  await using admin = await connect(server.url());
  const on: BenchServer = { server, admin };
  await using templates = new AsyncDisposableStack();
  const templateOf = new Map<number, OwnedDatabase>();
  for (const size of sizes) {
    const created = await piece(
      `seed ${rowCount(size)} rows`,
      () => createTemplate(on, size, signal),
      () => 'done',
    );
    templateOf.set(size, templates.use(created));
  }
  const onCopy = <T>(size: number, work: (copy: OwnedDatabase) => Promise<T>) =>
    useCopy(on, templateOf.get(size)!, work);

  const capacityPerSecond = await piece(
    'capacity of the API',
    () => onCopy(rows, (copy) => measureCapacity(copy, CONNECTIONS, seed, signal)),
    (perSecond) => `${Math.round(perSecond)} requests/s`,
  );
  const load = {
    capacityPerSecond,
    requestsPerSecond: capacityPerSecond * LOAD_SHARE,
    connections: CONNECTIONS,
    patienceMs: PATIENCE_MS,
  };
  const startLoad: LoadStarter = (apiUrl, ledger) => new OpenLoad(apiUrl, ledger, seed, load);

  const runs: MeasuredRun[] = [];
  let idle: ApiExperience;
  const tasks = [
    async () => {
      idle = await piece(
        'the load alone',
        () => onCopy(rows, (copy) => measureIdle(copy, startLoad, signal)),
        describeSummary,
      );
    },
    ...plan.map((run) => async () => {
      const starter = run.isLoaded ? startLoad : null;
      const measured = await piece(
        describePlan(run),
        () => onCopy(run.rows, (copy) => measureRun(run.method, run.variant, copy, starter, signal)),
        describeRun,
      );
      runs.push(measured);
    }),
  ];
  for (const task of shuffled(tasks, new Choices(`${seed} order`))) await task();

  const runPgroll = (binary: string, end: PgrollEnd) =>
    piece(
      `pgroll init, start and ${end}`,
      () => onCopy(rows, (copy) => changeWithPgroll(binary, copy, end, signal)),
      describePgroll,
    );
  const locks: LockTime[] = [];
  const measureLocksOf = async (size: number) => {
    const times = await piece(
      `locks on ${rowCount(size)} rows`,
      () => measureLocks(on, templateOf.get(size)!, repetitions, signal),
      describeLocks,
    );
    locks.push(...times);
  };

  const realPgroll =
    pgroll === undefined
      ? null
      : {
          version: pgroll.version,
          rows,
          completed: await runPgroll(pgroll.binary, 'complete'),
          rolledBack: await runPgroll(pgroll.binary, 'rollback'),
        };
  for (const size of lockRows) await measureLocksOf(size);

  return {
    rows,
    methods: methods.map(({ name }) => name),
    isQuick,
    repetitions,
    seed,
    began: began.toISOString(),
    seconds: (Date.now() - began.getTime()) / 1000,
    machine: await readMachine(admin),
    settings: await readToldSettings(admin),
    load,
    idle: idle!,
    runs,
    pgroll: realPgroll,
    locks,
  };
}
