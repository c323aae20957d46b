import { machineSentence } from '../harness/machine.ts';
import { rowCount } from '../../command-line/row-count.ts';
import type { BenchResult } from './bench-result.ts';
import type { LockTime } from './lock-times.ts';
import { type Column, markdownTable } from '../harness/markdown-table.ts';
import type { MeasuredRun } from './measured-run.ts';
import { METHODS } from './methods.ts';
import { inOrder, methodTable, titleOf } from './method-table.ts';
import { compareWithTargets, type Target } from './targets.ts';

const MEGABYTE = 2 ** 20;
/** Stands for a missing number. */
const NONE = '–';
/** The table size that the targets are meant for. */
const TARGET_ROWS = 10_000_000;

/** A phase's lock on the tables of both sizes. */
interface LockLine {
  readonly title: string;
  readonly small: LockTime | undefined;
  readonly large: LockTime | undefined;
}

/** All measurements, in Markdown. */
export function benchReport(result: BenchResult): string {
  const { rows, load } = result;
  return [
    ...circumstances(result),
    `### ${rowCount(rows)} rows, no other load`,
    methodTable(result, 'alone'),
    `### ${rowCount(rows)} rows, the API under load`,
    `The API can serve ${rowCount(load.capacityPerSecond)} requests a second here; the load is ` +
      `${rowCount(load.requestsPerSecond)} a second over ${load.connections} connections.`,
    methodTable(result, 'under load'),
    `### The process of \`npx mikro-orm migration:up --to 0003\``,
    markdownTable(PROCESS_COLUMNS, inOrder([...result.smallRuns, ...result.runs].filter(isProcess))),
    '### How long the phases hold ACCESS EXCLUSIVE',
    lockTable(result),
    '### Numbers to reach',
    targetSentence(rows),
    markdownTable(TARGET_COLUMNS, compareWithTargets(result)),
  ].join('\n\n');
}

function circumstances(result: BenchResult): string[] {
  const { began, seconds, machine, settings } = result;
  const settingList = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return [
    `Measured on ${began.slice(0, 10)} with \`${commandOf(result)}\`, in ${Math.ceil(seconds / 60)} minutes.`,
    machineSentence(machine),
    `Database: PostgreSQL ${machine.postgres}, ${settingList.join(', ')}.`,
  ];
}

/** The command that repeats the run. */
function commandOf({ rows, methods, repetitions, seed }: BenchResult): string {
  const choice = methods.length === METHODS.length ? '' : ` --methods ${methods.join(',')}`;
  return `npm run bench -- --rows ${rows}${choice} --repetitions ${repetitions} --seed ${seed}`;
}

const PROCESS_COLUMNS: readonly Column<MeasuredRun>[] = [
  { heading: 'method', text: titleOf },
  { heading: 'rows', text: ({ rows }) => rowCount(rows) },
  { heading: 'load', text: ({ api }) => (api === null ? 'no' : 'yes') },
  { heading: 'backfill seconds', text: ({ seconds }) => seconds.toFixed(1) },
  { heading: 'process seconds', text: (run) => run.process!.seconds.toFixed(1) },
  {
    heading: 'peak memory MB',
    text: (run) => {
      const bytes = run.process!.peakMemoryBytes;
      return bytes === null ? 'not measured' : rowCount(bytes / MEGABYTE);
    },
  },
];

function isProcess(run: MeasuredRun): boolean {
  return run.process !== null;
}

function lockTable({ rows, locks }: BenchResult): string {
  const large = locks.filter((lock) => lock.rows === rows);
  const small = locks.filter((lock) => lock.rows !== rows);
  const lines = large.map((lock) => ({
    title: `${lock.migration} ${lock.purpose}`,
    large: lock,
    small: small.find(({ purpose }) => purpose === lock.purpose),
  }));
  const sizes = [
    { heading: rowCount(small[0]?.rows ?? 0), lock: (line: LockLine) => line.small },
    { heading: rowCount(rows), lock: (line: LockLine) => line.large },
  ];
  return markdownTable<LockLine>(
    [
      { heading: 'phase', text: ({ title }) => title },
      ...sizes.flatMap(({ heading, lock }) => [
        { heading: `${heading} rows: median ms`, text: (line: LockLine) => lockText(lock(line), median) },
        { heading: `max ms`, text: (line: LockLine) => lockText(lock(line), greatest) },
      ]),
      { heading: 'times taken', text: (line) => String(line.large?.heldMs.length ?? 0) },
    ],
    lines,
  );
}

function lockText(lock: LockTime | undefined, choose: (values: readonly number[]) => number): string {
  return lock === undefined ? NONE : choose(lock.heldMs).toFixed(1);
}

const TARGET_COLUMNS: readonly Column<Target>[] = [
  { heading: 'goal', text: ({ goal }) => goal },
  { heading: 'wanted', text: ({ wanted }) => wanted },
  {
    heading: 'reached',
    text: ({ reached }) => (reached === null ? 'not measured' : rounded(reached)),
  },
  { heading: 'yes or no', text: ({ isMet }) => (isMet === null ? NONE : isMet ? 'yes' : 'no') },
];

function targetSentence(rows: number): string {
  const whole = `The numbers are meant for ${rowCount(TARGET_ROWS)} rows on 2 cores`;
  return rows === TARGET_ROWS ? `${whole}.` : `${whole}; this run had ${rowCount(rows)} rows.`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function greatest(values: readonly number[]): number {
  return Math.max(...values);
}

/** Two decimals for small values. */
function rounded(value: number): string {
  return value >= 100 || Number.isInteger(value) ? rowCount(value) : value.toFixed(2);
}
