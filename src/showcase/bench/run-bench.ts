import { rowCount } from '../../command-line/row-count.ts';
import { PATIENCE_MS } from '../harness/api-client.ts';
import { Choices } from '../harness/choices.ts';
import { connect } from '../harness/connection.ts';
import { readMachine } from '../harness/machine.ts';
import { OpenLoad } from '../harness/open-load.ts';
import { startServer } from '../harness/server.ts';
import type { BenchResult } from './bench-result.ts';
import { measureCapacity } from './capacity.ts';
import { measureIdle } from './idle.ts';
import { type LockTime, measureLocks } from './lock-times.ts';
import { type LoadStarter, type MeasuredRun, measureRun } from './measured-run.ts';
import type { Method } from './methods.ts';
import { type BenchObserver, describeLocks, describeRun, describeSummary } from './progress.ts';
import { shuffled } from './shuffled.ts';
import { type BenchServer, createTemplate, type OwnedDatabase, useCopy } from './template.ts';
import { readToldSettings } from './told-settings.ts';
import type { ApiExperience } from './under-load.ts';

/** Number of the load's connections. */
const CONNECTIONS = 32;
/** The load, as a share of the API's capacity. */
const LOAD_SHARE = 0.5;
/** Ratio between the table's rows and those of the smaller table that its times are compared with. */
const ENGINE_GROWTH = 10;
const LOCK_GROWTH = 100;

/** Options of the benchmark. */
export interface BenchOptions {
  /** Rows of the table. */
  readonly rows: number;
  readonly methods: readonly Method[];
  /** How many times the locks are measured. */
  readonly repetitions: number;
  /** Seed of the order and of the load's random choices. */
  readonly seed: number;
}

/**
 * Measures all methods on copies of the same data, on a separate server:
 *
 * 1. Start a throwaway PostgreSQL and seed the template; every run gets a copy.
 * 2. Measure the API's capacity. The load is half of it.
 * 3. Run each method with and without the load, and the load alone, in a random order.
 * 4. Run the engine on a tenth of the rows, to see how its time grows.
 * 5. Run all migrations on a hundredth of the rows and on all rows, to measure the locks.
 *
 * @param signal stops it early; everything it started has ended when this function returns
 * @throws Error if a migration fails, or a method leaves a wrong value
 */
export async function runBench(
  { rows, methods, repetitions, seed }: BenchOptions,
  signal: AbortSignal,
  observer: BenchObserver,
): Promise<BenchResult> {
  const began = new Date();
  const engines = methods.filter(({ workers }) => workers !== null);
  let begun = 0;
  // The template, the capacity, the load alone, and the locks on two tables.
  const pieces = 5 + 2 * methods.length + engines.length;
  async function piece<T>(task: string, work: () => Promise<T>, describe: (result: T) => string): Promise<T> {
    signal.throwIfAborted();
    observer.begins((begun += 1), pieces, task);
    const result = await work();
    observer.ended(describe(result));
    return result;
  }

  await using server = await startServer(signal);
  await using admin = await connect(server.url());
  const on: BenchServer = { server, admin };
  await using template = await piece(
    `seed ${rowCount(rows)} rows`,
    () => createTemplate(on, rows, signal),
    () => 'done',
  );

  const capacityPerSecond = await piece(
    'capacity of the API',
    () => useCopy(on, template, (copy) => measureCapacity(copy, CONNECTIONS, seed, signal)),
    (perSecond) => `${Math.round(perSecond)} requests/s`,
  );
  const load = {
    capacityPerSecond,
    requestsPerSecond: capacityPerSecond * LOAD_SHARE,
    connections: CONNECTIONS,
    patienceMs: PATIENCE_MS,
  };
  const startLoad: LoadStarter = (apiUrl, ledger) => new OpenLoad(apiUrl, ledger, seed, load);

  const measure = (method: Method, source: OwnedDatabase, starter: LoadStarter | null) =>
    piece(
      `${method.name} on ${rowCount(source.rows)} rows${starter === null ? '' : ', with load'}`,
      () => useCopy(on, source, (copy) => measureRun(method, copy, starter, signal)),
      describeRun,
    );
  const runs: MeasuredRun[] = [];
  let idle: ApiExperience;
  const tasks = [
    async () => {
      idle = await piece(
        'the load alone',
        () => useCopy(on, template, (copy) => measureIdle(copy, startLoad, signal)),
        describeSummary,
      );
    },
    ...methods.flatMap((method) =>
      [null, startLoad].map((starter) => async () => {
        runs.push(await measure(method, template, starter));
      }),
    ),
  ];
  for (const task of shuffled(tasks, new Choices(`${seed} order`))) await task();

  const smallRuns: MeasuredRun[] = [];
  if (engines.length > 0) {
    await using small = await createTemplate(on, Math.round(rows / ENGINE_GROWTH), signal);
    for (const method of engines) smallRuns.push(await measure(method, small, null));
  }

  const locks: LockTime[] = [];
  const measureLocksOf = async (source: OwnedDatabase) => {
    const times = await piece(
      `locks on ${rowCount(source.rows)} rows`,
      () => measureLocks(on, source, repetitions, signal),
      describeLocks,
    );
    locks.push(...times);
  };
  await using hundredth = await createTemplate(on, Math.round(rows / LOCK_GROWTH), signal);
  await measureLocksOf(hundredth);
  await measureLocksOf(template);

  return {
    rows,
    methods: methods.map(({ name }) => name),
    repetitions,
    seed,
    began: began.toISOString(),
    seconds: (Date.now() - began.getTime()) / 1000,
    machine: await readMachine(admin),
    settings: await readToldSettings(admin),
    load,
    idle: idle!,
    runs,
    smallRuns,
    locks,
  };
}
