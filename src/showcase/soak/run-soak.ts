import { setTimeout as delay } from 'node:timers/promises';
import { seedLargeRecords } from '../../large-record/seeding.ts';
import { type ApiProcess, startApi } from '../harness/api-process.ts';
import { Choices } from '../harness/choices.ts';
import { ClosedLoad } from '../harness/closed-load.ts';
import { countColumnDifferences } from '../harness/column-check.ts';
import { connect, type Connection } from '../harness/connection.ts';
import { Ledger } from '../harness/ledger.ts';
import { checkLedger, type LedgerVerdict } from '../harness/ledger-check.ts';
import { migrateDownTo, migrateUpTo } from '../harness/migration-command.ts';
import { startServer } from '../harness/server.ts';
import { type Measurements, measureSteps, type Step } from '../harness/steps.ts';
import { observeWork, type WorkObserver } from '../harness/work.ts';

const API_PROCESSES = 3;
const LOAD = { clients: 9, longestPauseMs: 30 } as const;
const LONGEST_WAIT_MS = 2_000;
const MS_PER_MINUTE = 60_000;

const UP = ['0002', '0003', '0004', '0005', '0006'];
const DOWN = ['0005', '0004', '0003', '0002', '0001'];
/** On the way up, the new column may be null after these migrations. */
const HALF_FILLED = ['0002'];

/** The result of a run. */
export interface SoakResult extends Measurements {
  /** Rows whose two columns differed, over all checks. */
  readonly differences: number;
  readonly ledger: LedgerVerdict;
  /** The end of the API processes' logs. */
  readonly apiLog: string;
}

/**
 * Runs all migrations up and down under load, on a separate server:
 *
 * 1. Start a throwaway PostgreSQL, run 0001 and seed. Start three API processes and one load over all of them.
 * 2. Migrate up to 0006, down to 0001 and up again until the time is over, each migration by the command line after a
 *    random pause. After each, if both columns exist, compare them in every row.
 * 3. Stop the load and compare every row with the acknowledged writes.
 *
 * @param options.rows number of rows in the table
 * @param options.minutes duration from the first migration; it migrates up at least twice
 * @param options.seed of the random choices
 * @param signal stops it early; everything it started has ended when this function returns
 * @throws Error with the migration's output if a migration fails
 */
export async function runSoak(
  options: { readonly rows: number; readonly minutes: number; readonly seed: number },
  signal: AbortSignal,
  observer: WorkObserver,
): Promise<SoakResult> {
  const { rows, minutes, seed } = options;
  const timed = <T>(what: string, work: (report: (percent: number) => void) => Promise<T>) =>
    observeWork(observer, signal, what, work);
  await using server = await timed('start PostgreSQL', () => startServer(signal));
  const url = server.url();
  await timed('0001 create', () => migrateUpTo(url, '0001', signal));
  await timed(`seed ${rows.toLocaleString('en-US')} rows`, (report) =>
    seedLargeRecords(url, {
      rows,
      append: false,
      signal,
      report: (rowsDone) => report((100 * rowsDone) / rows),
    }),
  );
  await using resources = new AsyncDisposableStack();
  const apis = await timed(`start ${API_PROCESSES} API processes`, async () => {
    const started: ApiProcess[] = [];
    while (started.length < API_PROCESSES) started.push(resources.use(await startApi(url, signal)));
    return started;
  });
  const ledger = new Ledger(rows);
  const apiUrls = apis.map((api) => api.url);
  const load = resources.use(new ClosedLoad(apiUrls, ledger, seed, LOAD));
  const watch = resources.use(await connect(url));
  const cycles = new Cycles(url, watch, new Choices(`${seed} waits`), signal);

  observer.stepsFollow('Up and down', []);
  const measurements = await measureSteps(load, cycles.steps(minutes), signal, observer);
  const verdict = await timed('compare all writes', () => checkLedger(watch, ledger, 'created_at'));
  const apiLog = apis.map(({ log }) => log).join('\n');
  return { ...measurements, differences: cycles.differences, ledger: verdict, apiLog };
}

/** The migrations up and down, and the comparisons of the columns. */
class Cycles {
  /** Rows whose two columns differed, over all checks. */
  differences = 0;
  readonly #url: string;
  readonly #watch: Connection;
  readonly #waits: Choices;
  readonly #signal: AbortSignal;

  constructor(url: string, watch: Connection, waits: Choices, signal: AbortSignal) {
    this.#url = url;
    this.#watch = watch;
    this.#waits = waits;
    this.#signal = signal;
  }

  *steps(minutes: number): Generator<Step> {
    yield { name: 'idle', run: () => this.#wait() };
    const end = performance.now() + minutes * MS_PER_MINUTE;
    yield* this.#up();
    do {
      for (const target of DOWN) yield this.#step(target, 'down', migrateDownTo);
      yield* this.#up();
    } while (performance.now() < end);
  }

  *#up(): Generator<Step> {
    for (const target of UP) yield this.#step(target, 'up', migrateUpTo);
  }

  #step(target: string, direction: 'up' | 'down', migrate: typeof migrateDownTo): Step {
    const mayBeEmpty = direction === 'up' && HALF_FILLED.includes(target);
    return {
      name: `${direction} to ${target}`,
      run: async () => {
        await this.#wait();
        await migrate(this.#url, target, this.#signal);
        this.differences += await countColumnDifferences(this.#watch, mayBeEmpty);
      },
    };
  }

  async #wait(): Promise<void> {
    await delay(this.#waits.fraction() * LONGEST_WAIT_MS, undefined, { signal: this.#signal });
  }
}
