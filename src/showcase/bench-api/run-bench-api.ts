import { seedLargeRecords } from '../../large-record/seeding.ts';
import { startApi } from '../harness/api-process.ts';
import { connect } from '../harness/connection.ts';
import { type Machine, readMachine } from '../harness/machine.ts';
import { migrateUpTo } from '../harness/migration-command.ts';
import { startServer } from '../harness/server.ts';
import { measureSwitchWaits, type SwitchWaits } from './switch-waits.ts';
import { startPlainServer } from './start-plain-server.ts';
import { type Endpoint, ENDPOINTS, measureThroughput } from './throughput.ts';

/** The stages by migration, with the timestamp column at each. */
const STAGES = [
  { migration: '0001', column: 'created_at', kind: 'text' },
  { migration: '0002', column: 'created_at', kind: 'text' },
  { migration: '0003', column: 'created_at', kind: 'text' },
  { migration: '0004', column: 'created_at_new', kind: 'timestamp' },
  { migration: '0005', column: 'created_at_new', kind: 'timestamp' },
  { migration: '0006', column: 'created_at', kind: 'timestamp' },
] as const;

/** Short alternating rounds, so that a slow period of the machine affects both. */
const ROUNDS = 9;
const POLLING_ROUNDS = 5;
const WARM_UP_SECONDS = 2;
/** Polls the catalog a hundred times per second, a hundred times the default. */
const BUSY_POLL = { ACTIVE_COLUMN_POLL_MS: '10' };
/** The default: a log line per request. */
const USUAL = { LOG_LEVEL: 'info' };

/** Answers per second of each server in each round. */
export interface Comparison {
  readonly migration: string;
  readonly endpoint: string;
  readonly plain: readonly number[];
  readonly api: readonly number[];
}

/** The measurements. */
export interface BenchApiResult {
  readonly comparisons: readonly Comparison[];
  /** At the last stage: with the default poll interval, and with a hundred polls per second. */
  readonly polling: { readonly usual: readonly number[]; readonly busy: readonly number[] };
  readonly waits: SwitchWaits;
  readonly machine: Machine;
}

/**
 * Compares the API with the same application on plain MikroORM at every stage, in one run on one database server:
 *
 * 1. Start a throwaway PostgreSQL and seed it.
 * 2. For each migration: run it, start both servers as separate processes, and measure them in turn at full speed.
 * 3. Compare the API with itself at a hundred times the polls of the active column.
 * 4. Measure the longest answers while the active column changes.
 *
 * @param options.rows number of rows in the table
 * @param options.seconds duration of each measurement
 * @param report receives a line about each task
 */
export async function runBenchApi(
  { rows, seconds }: { readonly rows: number; readonly seconds: number },
  signal: AbortSignal,
  report: (line: string) => void,
): Promise<BenchApiResult> {
  await using server = await startServer(signal);
  const url = server.url();
  await migrateUpTo(url, '0001', signal);
  await seedLargeRecords(url, { rows, append: false, signal, report: () => {} });
  const comparisons: Comparison[] = [];
  for (const { migration, column, kind } of STAGES) {
    await migrateUpTo(url, migration, signal);
    await using plain = await startPlainServer(url, column, kind, signal, USUAL);
    await using api = await startApi(url, signal, USUAL);
    for (const endpoint of ENDPOINTS) {
      report(`${migration}: ${endpoint.title}`);
      const [plainRates, apiRates] = await takeTurns([plain.url, api.url], endpoint, seconds, signal);
      comparisons.push({ migration, endpoint: endpoint.title, plain: plainRates, api: apiRates });
    }
  }
  report('polls of the active column');
  const polling = { usual: [] as number[], busy: [] as number[] };
  for (let round = 0; round < POLLING_ROUNDS; round++) {
    for (const [poll, settings] of [
      ['usual', USUAL],
      ['busy', { ...USUAL, ...BUSY_POLL }],
    ] as const) {
      // One at a time: the polls of the other process would slow both.
      await using api = await startApi(url, signal, settings);
      await measureThroughput(api.url, ENDPOINTS[0]!, WARM_UP_SECONDS, signal);
      polling[poll].push(await measureThroughput(api.url, ENDPOINTS[0]!, seconds, signal));
    }
  }
  report('switches of the active column');
  const waits = await measureWaits(url, signal);
  await using connection = await connect(url);
  const machine = await readMachine(connection);
  return { comparisons, polling, waits, machine };
}

async function measureWaits(url: string, signal: AbortSignal): Promise<SwitchWaits> {
  await using api = await startApi(url, signal, USUAL);
  await measureThroughput(api.url, ENDPOINTS[0]!, WARM_UP_SECONDS, signal);
  return await measureSwitchWaits(url, api.url, signal);
}

/** Measures two servers in turn; returns the rates of each. */
async function takeTurns(
  urls: readonly [string, string],
  endpoint: Endpoint,
  seconds: number,
  signal: AbortSignal,
): Promise<[number[], number[]]> {
  const rates: [number[], number[]] = [[], []];
  for (const url of urls) await measureThroughput(url, endpoint, WARM_UP_SECONDS, signal);
  for (let round = 0; round < ROUNDS; round++) {
    for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      rates[index].push(await measureThroughput(urls[index], endpoint, seconds, signal));
    }
  }
  return rates;
}
