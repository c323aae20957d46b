import { rowCount } from '../../../command-line/row-count.ts';
import { type Column, markdownTable } from '../../harness/markdown-table.ts';
import type { BenchResult } from '../bench-result.ts';
import type { MeasuredRun } from '../measured-run.ts';
import type { Method } from '../methods/method.ts';
import { aloneRun, greatest, loadedRun, methodsOn, safeVariant, wrongRows } from './runs.ts';

const MEGABYTE = 2 ** 20;
/** Stands for a missing number. */
const NONE = '–';
/** Marks a run on fewer rows than the table's heading says. */
const FEWER_ROWS = '¹';

/** A line of the table: the runs of a method. The safe ones are of the variant that loses no write. */
interface Line {
  readonly method: Method;
  readonly rows: number;
  readonly published: MeasuredRun | undefined;
  readonly publishedBesideApi: MeasuredRun | undefined;
  readonly safe: MeasuredRun | undefined;
  readonly safeBesideApi: MeasuredRun | undefined;
  readonly idleP99Ms: number;
}

const COLUMNS: readonly Column<Line>[] = [
  { heading: 'method', text: ({ method }) => method.title },
  { heading: 's, as published', text: publishedSeconds },
  {
    heading: 's, kept equal',
    text: ({ method, safe }) => (method.variants.includes('kept') ? secondsText(safe) : NONE),
  },
  {
    heading: 's beside the API',
    text: ({ safeBesideApi, rows }) =>
      `${secondsText(safeBesideApi)}${isOnFewerRows(safeBesideApi, rows) ? FEWER_ROWS : ''}`,
  },
  {
    heading: 'p99 × idle',
    text: ({ safeBesideApi, idleP99Ms }) =>
      safeBesideApi === undefined ? NONE : timesText(safeBesideApi.api!.p99Ms / idleP99Ms),
  },
  {
    heading: 'failed requests',
    text: ({ safeBesideApi }) => (safeBesideApi === undefined ? NONE : rowCount(safeBesideApi.api!.failed)),
  },
  {
    heading: 'wrong rows',
    text: ({ publishedBesideApi, safeBesideApi }) => countText(publishedBesideApi ?? safeBesideApi),
  },
  {
    heading: 'longest batch ms',
    text: ({ safe, safeBesideApi }) =>
      numberText(
        greatest([safe, safeBesideApi].flatMap((run) => (run === undefined ? [] : [run.longestBatchMs]))),
        rowCount,
      ),
  },
  { heading: 'WAL MB', text: ({ safe }) => numberText(safe && safe.walBytes / MEGABYTE, rowCount) },
  { heading: 'heap', text: ({ safe }) => numberText(safe?.heapGrowth, timesText) },
  { heading: 'primary key', text: ({ safe }) => numberText(safe?.indexGrowth, timesText) },
];

/**
 * The methods side by side, in Markdown, with the notes that its marks need.
 *
 * @param rows of the table without the load
 */
export function methodTable(result: BenchResult, rows: number): string {
  const lines = methodsOn(result, rows).map((method) => lineOf(result, method, rows));
  const besideApi = lines.map(({ safeBesideApi }) => safeBesideApi);
  const fewer = besideApi.find((run) => isOnFewerRows(run, rows));
  const notes = [
    ...(lines.some(isLosing)
      ? [
          'In brackets: as published, nothing copies a write of the application to the new column after its row is filled. ' +
            'The write is lost.',
        ]
      : []),
    ...(fewer === undefined
      ? []
      : [`${FEWER_ROWS} On ${rowCount(fewer.rows)} rows: most of its time is its own pauses.`]),
  ];
  return [markdownTable(COLUMNS, lines), ...notes].join('\n\n');
}

function lineOf(result: BenchResult, method: Method, rows: number): Line {
  const { name } = method;
  const isFirst = rows === result.rows || method.workers === null;
  const besideApi = (variant: 'published' | 'kept') =>
    isFirst ? loadedRun(result, name, variant) : undefined;
  return {
    method,
    rows,
    published: aloneRun(result, name, 'published', rows),
    publishedBesideApi: besideApi('published'),
    safe: aloneRun(result, name, safeVariant(method), rows),
    safeBesideApi: besideApi(safeVariant(method)),
    idleP99Ms: result.idle.p99Ms,
  };
}

/** A method that needs a trigger loses writes without it, whether or not this run measured it beside the API. */
function isLosing({ method, published }: Line): boolean {
  return published !== undefined && method.variants.includes('kept');
}

/** In brackets if the method loses writes. */
function publishedSeconds(line: Line): string {
  const text = secondsText(line.published);
  return isLosing(line) ? `(${text})` : text;
}

function isOnFewerRows(run: MeasuredRun | undefined, rows: number): boolean {
  return run !== undefined && run.rows < rows;
}

function secondsText(run: MeasuredRun | undefined): string {
  return numberText(run?.seconds, (seconds) => seconds.toFixed(1));
}

function countText(run: MeasuredRun | undefined): string {
  return run === undefined ? NONE : rowCount(wrongRows(run));
}

function timesText(value: number): string {
  return `${value.toFixed(2)}×`;
}

function numberText(value: number | undefined, text: (value: number) => string): string {
  return value === undefined ? NONE : text(value);
}
