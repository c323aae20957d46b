import { rowCount } from '../../command-line/row-count.ts';
import type { MeasuredRun } from '../bench/measured-run.ts';
import { databaseSentence } from '../bench/told-settings.ts';
import { machineSentence } from '../harness/machine.ts';
import { folded } from '../harness/folded.ts';
import { type Column, markdownTable } from '../harness/markdown-table.ts';
import { targetTable } from '../harness/target-table.ts';
import type { LargeResult, Memory, SuiteResult } from './large-result.ts';
import { smallTableSentence } from './memory-limit.ts';
import { type Suite, type SuiteName, SUITES } from './suites.ts';
import { compareWithTargets, timeRatio } from './targets.ts';

const MEGABYTE = 2 ** 20;
/** Stands for a missing number. */
const NONE = '–';

/** A run of a suite. */
interface Line {
  readonly result: SuiteResult;
  readonly run: MeasuredRun;
}

/** All measurements, in Markdown. */
export function largeReport(result: LargeResult): string {
  const { began, seconds, machine, settings, suites } = result;
  const lines = suites.flatMap((suite) => [
    { result: suite, run: suite.alone },
    { result: suite, run: suite.loaded },
  ]);
  return [
    `Measured on ${began.slice(0, 10)} with \`${commandOf(result)}\`, in ${Math.ceil(seconds / 60)} minutes.`,
    machineSentence(machine),
    `${databaseSentence(machine, settings)} Each table has a server with its own shared_buffers.`,
    ...suites.flatMap((suite) => [
      ...unlimitedWarning(suite),
      ...smallTableWarning(suite),
      ...noCopyWarning(suite),
    ]),
    targetTable(suites.map((suite) => ({ title: TITLE.text(suite), targets: compareWithTargets(suite) }))),
    folded('The tables and the memory of the server', [markdownTable(TABLE_COLUMNS, suites)]),
    folded('The backfill, without and with load on the API', [markdownTable(RUN_COLUMNS, lines)]),
    folded('The same bytes in sequence, with dd', [markdownTable(SEQUENTIAL_COLUMNS, suites)]),
  ].join('\n\n');
}

/** The command that repeats the run. */
function commandOf({ rows, workers, seed, suites }: LargeResult): string {
  const names = suites.map(({ suite }) => suite);
  const choice = names.length === SUITES.length ? '' : ` --suites ${names.join(',')}`;
  return `npm run bench:large -- --rows ${rows}${choice} --workers ${workers} --seed ${seed}`;
}

function unlimitedWarning({ suite, memory }: SuiteResult): string[] {
  if (memory.notLimitedReason === null) return [];
  return [
    `**The memory was not limited** for "${titleOf(suite)}": ${memory.notLimitedReason}. Its figures are those of a table in the ` +
      'page cache, if the machine has memory for it.',
  ];
}

function smallTableWarning(result: SuiteResult): string[] {
  const sentence = smallTable(result);
  if (sentence === null) return [];
  return [`**The table is too small** for "${titleOf(result.suite)}": ${sentence}`];
}

function smallTable({ suite, rows, heapBytes, toastBytes, memory }: SuiteResult): string | null {
  return smallTableSentence(suiteOf(suite), { rows, bytes: heapBytes + toastBytes }, memory.limitBytes);
}

function noCopyWarning({ suite, noCopyReason }: SuiteResult): string[] {
  if (noCopyReason === null) return [];
  return [`**There is no time of \`dd\`** for "${titleOf(suite)}": ${noCopyReason}.`];
}

function titleOf(suite: SuiteName): string {
  return suiteOf(suite).title;
}

function suiteOf(suite: SuiteName): Suite {
  return SUITES.find(({ name }) => name === suite)!;
}

const TITLE: Column<SuiteResult> = {
  heading: 'table',
  text: (result) => {
    const mark = result.memory.notLimitedReason === null ? '' : ' (NOT LIMITED)';
    return `${titleOf(result.suite)}${mark}${smallTable(result) === null ? '' : ' (SMALL TABLE)'}`;
  },
};

const TABLE_COLUMNS: readonly Column<SuiteResult>[] = [
  TITLE,
  { heading: 'rows', text: ({ rows }) => rowCount(rows) },
  { heading: 'heap MB', text: ({ heapBytes }) => megabytes(heapBytes) },
  { heading: 'TOAST MB', text: ({ toastBytes }) => megabytes(toastBytes) },
  { heading: 'memory limit MB', text: ({ memory }) => limitText(memory) },
  {
    heading: 'limit / table',
    text: ({ memory: { limitBytes }, heapBytes, toastBytes }) =>
      limitBytes === null ? NONE : (limitBytes / (heapBytes + toastBytes)).toFixed(2),
  },
  { heading: 'most used MB', text: ({ memory }) => megabytes(memory.peakBytes) },
  { heading: 'shared_buffers MB', text: ({ memory }) => megabytes(memory.sharedBuffersBytes) },
  { heading: 'load requests/s', text: ({ load }) => rowCount(load.requestsPerSecond) },
];

const RUN_COLUMNS: readonly Column<Line>[] = [
  { heading: TITLE.heading, text: ({ result }) => TITLE.text(result) },
  { heading: 'load', text: ({ run }) => (run.api === null ? 'no' : 'yes') },
  { heading: 'seconds', text: ({ run }) => run.seconds.toFixed(1) },
  { heading: 'µs per row', text: ({ run }) => ((run.seconds * 1e6) / run.rows).toFixed(1) },
  { heading: 'longest batch ms', text: ({ run }) => rowCount(run.longestBatchMs) },
  { heading: 'heap', text: ({ run }) => `${run.heapGrowth.toFixed(2)}×` },
  { heading: 'primary key', text: ({ run }) => `${run.indexGrowth.toFixed(2)}×` },
  { heading: 'WAL MB', text: ({ run }) => megabytes(run.walBytes) },
  { heading: 'API p99 ms', text: ({ run }) => run.api?.p99Ms.toFixed(1) ?? NONE },
  { heading: 'idle p99 ms', text: ({ run, result }) => (run.api ? result.idle.p99Ms.toFixed(1) : NONE) },
  { heading: 'failed requests', text: ({ run }) => (run.api === null ? NONE : rowCount(run.api.failed)) },
  { heading: 'process memory MB', text: ({ run }) => megabytes(run.process?.peakMemoryBytes ?? null) },
];

const SEQUENTIAL_COLUMNS: readonly Column<SuiteResult>[] = [
  TITLE,
  { heading: '`dd` reads MB', text: ({ sequential }) => megabytes(sequential?.readBytes ?? null) },
  { heading: '`dd` writes MB', text: ({ sequential }) => megabytes(sequential?.writtenBytes ?? null) },
  { heading: '`dd` seconds', text: ({ sequential }) => sequential?.seconds.toFixed(2) ?? NONE },
  {
    heading: 'backfill and checkpoint seconds',
    text: ({ alone, checkpointSeconds }) => (alone.seconds + checkpointSeconds).toFixed(2),
  },
  { heading: 'ratio', text: (result) => timeRatio(result)?.toFixed(2) ?? NONE },
  {
    heading: 'server reads / heap',
    text: ({ io, heapBytes }) => `${(io.readBytes / heapBytes).toFixed(1)}×`,
  },
  {
    heading: 'server writes / heap',
    text: ({ io, heapBytes }) => `${(io.writtenBytes / heapBytes).toFixed(1)}×`,
  },
];

function limitText({ limitBytes, notLimitedReason }: Memory): string {
  if (limitBytes !== null) return megabytes(limitBytes);
  return notLimitedReason === null ? 'none wanted' : '**NOT LIMITED**';
}

function megabytes(bytes: number | null): string {
  return bytes === null ? 'not measured' : rowCount(bytes / MEGABYTE);
}
