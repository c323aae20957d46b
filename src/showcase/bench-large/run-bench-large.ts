import { numberPieces, type Piece } from '../bench/pieces.ts';
import { rowCount } from '../../command-line/row-count.ts';
import { measureCapacity } from '../bench/capacity.ts';
import { measureIdle } from '../bench/idle.ts';
import type { LoadStarter } from '../bench/measured-run.ts';
import { METHODS } from '../bench/methods/methods.ts';
import { type BenchObserver, describeRun, describeSummary } from '../bench/progress.ts';
import { measureRun } from '../bench/measured-run.ts';
import { CONNECTIONS, LOAD_SHARE } from '../bench/run-bench.ts';
import { createTemplate, useCopy } from '../bench/template.ts';
import { readToldSettings } from '../bench/told-settings.ts';
import { PATIENCE_MS } from '../harness/api-client.ts';
import type { Connection } from '../harness/connection.ts';
import { type Machine, readMachine } from '../harness/machine.ts';
import { OpenLoad } from '../harness/open-load.ts';
import { measureAlone } from './alone.ts';
import { estimateTableBytes } from './estimate.ts';
import type { LargeResult, Memory, SuiteResult } from './large-result.ts';
import { type GroupedServer, startGroupedServer } from './grouped-server.ts';
import { limitOf } from './memory-limit.ts';
import { refusedCopy } from './sequential-copy.ts';
import { type Suite, widenRows } from './suites.ts';

const SHARED_BUFFERS_SHARE = 0.25;
const UNLIMITED_SHARED_BUFFERS_BYTES = 256 * 2 ** 20;
/** Pieces of a suite. */
const PIECES = 5;

/** Options of the benchmark. */
export interface LargeOptions {
  readonly rows: number;
  readonly suites: readonly Suite[];
  readonly workers: number;
  /** Seed of the load's random choices. */
  readonly seed: number;
}

/**
 * Measures the backfill on tables that are larger than memory, and on wide rows. For each suite:
 *
 * 1. Start a throwaway PostgreSQL in a control group, try `dd`, seed the table, and widen its rows.
 * 2. If the suite limits memory, limit the group to a share of the table. The server has a quarter of it as
 *    `shared_buffers`; the rest is for its processes and the page cache.
 * 3. Measure the API's capacity, and the API under half of it without a migration.
 * 4. Run the backfill without a load, then a checkpoint. In the same group, `dd` reads and writes as many bytes in sequence.
 * 5. Run the backfill beside the API under load. All rows are checked after each run.
 *
 * @param signal stops it early; everything it started has ended when this function returns
 * @throws Error if a migration fails, or a row is wrong
 */
export async function runBenchLarge(
  options: LargeOptions,
  signal: AbortSignal,
  observer: BenchObserver,
): Promise<LargeResult> {
  const began = new Date();
  const { rows, suites, workers, seed } = options;
  const piece = numberPieces(PIECES * suites.length, signal, observer);
  let machine: Machine | undefined;
  let settings: Record<string, string> = {};
  const results: SuiteResult[] = [];
  for (const suite of suites) {
    await using server = await startGroupedServer(sharedBuffersOf(suite, rows), signal);
    const result = measureSuite(suite, options, server, signal, piece);
    results.push(await result.catch((error: unknown) => explainKills(error, server)));
    machine = await readMachine(server.admin);
    settings = await readToldSettings(server.admin);
  }
  delete settings['shared_buffers'];
  return {
    rows,
    workers,
    seed,
    began: began.toISOString(),
    seconds: (Date.now() - began.getTime()) / 1000,
    machine: machine!,
    settings,
    suites: results,
  };
}

/** @throws the error, or a better one if the kernel has killed processes of the server */
async function explainKills(error: unknown, { group }: GroupedServer): Promise<never> {
  const killed = (await group?.killed()) ?? 0;
  if (killed === 0) throw error;
  throw new Error(
    `The kernel killed ${killed} processes of the server because of the memory limit: ` +
      'pass more --rows, or set TMPDIR to a folder on a faster disk.',
    { cause: error },
  );
}

async function measureSuite(
  suite: Suite,
  { rows: optionRows, workers, seed }: LargeOptions,
  grouped: GroupedServer,
  signal: AbortSignal,
  piece: Piece,
): Promise<SuiteResult> {
  const rows = suite.rows(optionRows);
  const method = METHODS.find((candidate) => candidate.workers === workers)!;
  const named = (task: string) => `${suite.name}: ${task}`;
  const { server, group } = grouped;
  const processFile = group?.processFile ?? null;
  const copyRefusal = await refusedCopy({ folder: server.dataFolder, processFile }, signal);
  let size = { heapBytes: 0, toastBytes: 0 };
  await using template = await piece(
    named(`seed ${rowCount(rows)} rows`),
    () =>
      createTemplate(grouped, rows, signal, async (connection) => {
        await widenRows(connection, suite.payloadBytes);
        size = await readTableSize(connection);
      }),
    () => 'done',
  );
  // Only clean pages can be given back.
  await grouped.admin.query('checkpoint');
  const limitBytes = await limitMemory(suite, grouped, size.heapBytes + size.toastBytes);
  await using peak = await group?.watchPeak();

  const capacityPerSecond = await piece(
    named('capacity of the API'),
    () => useCopy(grouped, template, (copy) => measureCapacity(copy, CONNECTIONS, seed, signal)),
    (perSecond) => `${Math.round(perSecond)} requests/s`,
  );
  const requestsPerSecond = capacityPerSecond * LOAD_SHARE;
  const load = { capacityPerSecond, requestsPerSecond, connections: CONNECTIONS, patienceMs: PATIENCE_MS };
  const startLoad: LoadStarter = (apiUrl, ledger) => new OpenLoad(apiUrl, ledger, seed, load);
  const idle = await piece(
    named('the load alone'),
    () => useCopy(grouped, template, (copy) => measureIdle(copy, startLoad, signal)),
    describeSummary,
  );
  const alone = await piece(
    named('backfill, then dd'),
    () => useCopy(grouped, template, (copy) => measureAlone(method, copy, grouped, copyRefusal, signal)),
    ({ run, sequential, noCopyReason }) =>
      `${describeRun(run)}, ${noCopyReason ?? `dd ${sequential!.seconds.toFixed(1)} s`}`,
  );
  const loaded = await piece(
    named('backfill, with load'),
    () => useCopy(grouped, template, (copy) => measureRun(method, 'kept', copy, startLoad, signal)),
    describeRun,
  );
  const memory: Memory = {
    limitBytes,
    peakBytes: (await peak?.bytes()) ?? null,
    sharedBuffersBytes: sharedBuffersOf(suite, optionRows),
    notLimitedReason: suite.memoryShare === null ? null : grouped.noGroupReason,
  };
  const { run, ...aloneResult } = alone;
  return {
    suite: suite.name,
    rows,
    ...size,
    memory,
    load,
    idle,
    alone: run,
    ...aloneResult,
    loaded,
  };
}

/** Limits the memory to the suite's share of the table; returns the limit, or null. */
async function limitMemory(
  { memoryShare }: Suite,
  { group }: GroupedServer,
  tableBytes: number,
): Promise<number | null> {
  if (memoryShare === null || group === null) return null;
  const bytes = limitOf(memoryShare, tableBytes);
  await group.limit(bytes);
  return bytes;
}

/** They are a setting of the start, when the table does not exist yet: an estimate of its size is enough. */
function sharedBuffersOf(suite: Suite, optionRows: number): number {
  if (suite.memoryShare === null) return UNLIMITED_SHARED_BUFFERS_BYTES;
  const limit = limitOf(suite.memoryShare, estimateTableBytes(suite, optionRows));
  return Math.round(limit * SHARED_BUFFERS_SHARE);
}

async function readTableSize(connection: Connection): Promise<{ heapBytes: number; toastBytes: number }> {
  const { rows } = await connection.query<{ heap: string; toast: string }>(`
    select pg_relation_size(c.oid) as heap,
      coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) as toast
    from pg_class c where c.oid = 'public.large_record'::regclass`);
  return { heapBytes: Number(rows[0]!.heap), toastBytes: Number(rows[0]!.toast) };
}
