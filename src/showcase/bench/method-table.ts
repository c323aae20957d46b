import type { Summary } from '../harness/tally.ts';
import { rowCount } from '../../command-line/row-count.ts';
import type { BenchResult } from './bench-result.ts';
import { type Column, markdownTable } from '../harness/markdown-table.ts';
import type { MeasuredRun } from './measured-run.ts';
import { METHODS } from './methods.ts';

const MEGABYTE = 2 ** 20;
/** Stands for a missing number. */
const NONE = '–';

/** A line of the table: a method's run, or the load alone. */
interface Line {
  readonly title: string;
  readonly run: MeasuredRun | null;
  readonly api: Summary | null;
  /** Duration as a multiple of the reference method's; null if that method did not run. */
  readonly ratio: number | null;
}

const TITLE: Column<Line> = { heading: 'method', text: ({ title }) => title };

const TIME_COLUMNS: readonly Column<Line>[] = [
  ofRun('seconds', ({ seconds }) => seconds.toFixed(1)),
  { heading: 'ratio', text: ({ ratio }) => (ratio === null ? NONE : ratio.toFixed(2)) },
  ofRun('longest batch ms', ({ longestBatchMs }) => rowCount(longestBatchMs)),
  ofRun('ACCESS EXCLUSIVE ms', ({ accessExclusiveMs }) =>
    accessExclusiveMs === null ? 'none' : rowCount(accessExclusiveMs),
  ),
];

const API_COLUMNS: readonly Column<Line>[] = [
  ofApi('API p50 ms', ({ p50Ms }) => p50Ms.toFixed(1)),
  ofApi('API p99 ms', ({ p99Ms }) => p99Ms.toFixed(1)),
  ofApi('API max ms', ({ maxMs }) => rowCount(maxMs)),
  ofApi('requests', ({ requests }) => rowCount(requests)),
  ofApi('failed', ({ failed }) => rowCount(failed)),
  ofRun('wrong rows', ({ ledger }) => rowCount(ledger.missing + ledger.different)),
];

const SPACE_COLUMNS: readonly Column<Line>[] = [
  ofRun('WAL MB', ({ walBytes }) => rowCount(walBytes / MEGABYTE)),
  ofRun('heap', ({ heapGrowth }) => `${heapGrowth.toFixed(2)}×`),
  ofRun('primary key', ({ indexGrowth }) => `${indexGrowth.toFixed(2)}×`),
];

/**
 * The methods side by side, in Markdown.
 *
 * @param circumstances the runs without a load, or those under load, preceded by the load alone
 */
export function methodTable(result: BenchResult, circumstances: 'alone' | 'under load'): string {
  const isLoaded = circumstances === 'under load';
  const runs = inOrder(result.runs.filter(({ api }) => (api !== null) === isLoaded));
  const first = runs.find(({ method }) => method === METHODS[0]!.name);
  const lines = runs.map((run) => ({
    title: titleOf(run),
    run,
    api: run.api,
    ratio: first === undefined ? null : run.seconds / first.seconds,
  }));
  if (!isLoaded) return markdownTable<Line>([TITLE, ...TIME_COLUMNS, ...SPACE_COLUMNS], lines);
  const idle = { title: 'no migration', run: null, api: result.idle, ratio: null };
  return markdownTable<Line>([TITLE, ...TIME_COLUMNS, ...API_COLUMNS, ...SPACE_COLUMNS], [idle, ...lines]);
}

/** Sorts runs in the order of the methods. */
export function inOrder(runs: readonly MeasuredRun[]): MeasuredRun[] {
  return METHODS.flatMap(({ name }) => runs.filter(({ method }) => method === name));
}

/** The name of a run's method in a table. */
export function titleOf(run: MeasuredRun): string {
  return METHODS.find(({ name }) => name === run.method)!.title;
}

function ofRun(heading: string, text: (run: MeasuredRun) => string): Column<Line> {
  return { heading, text: ({ run }) => (run === null ? NONE : text(run)) };
}

function ofApi(heading: string, text: (api: Summary) => string): Column<Line> {
  return { heading, text: ({ api }) => (api === null ? NONE : text(api)) };
}
