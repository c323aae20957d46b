import { rowCount } from '../../../command-line/row-count.ts';
import { type Column, markdownTable } from '../../harness/markdown-table.ts';
import type { BenchResult } from '../bench-result.ts';
import type { MeasuredRun } from '../measured-run.ts';
import type { Method } from '../methods/method.ts';
import {
  aloneRun,
  FEWER_ROWS,
  greatest,
  isOnFewerRows,
  loadedRun,
  methodsOn,
  safeVariant,
  wrongRows,
} from './runs.ts';

const MEGABYTE = 2 ** 20;
/** Stands for a missing number. */
const NONE = '–';

/** A line of the table: the runs of a method. The safe ones are of the variant that loses no write. */
interface Line {
  readonly method: Method;
  readonly rows: number;
  readonly published: MeasuredRun | undefined;
  readonly publishedBesideApi: MeasuredRun | undefined;
  readonly safe: MeasuredRun | undefined;
  readonly safeBesideApi: MeasuredRun | undefined;
  /** The API without a migration, on the rows of the benchmark. */
  readonly idle: { readonly rows: number; readonly p99Ms: number };
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
    text: ({ safeBesideApi, rows }) => marked(secondsText(safeBesideApi), isOnFewerRows(safeBesideApi, rows)),
  },
  {
    heading: 'p99 × idle',
    text: ({ safeBesideApi, idle }) =>
      marked(
        numberText(safeBesideApi && safeBesideApi.api!.p99Ms / idle.p99Ms, timesText),
        isOnFewerRows(safeBesideApi, idle.rows),
      ),
  },
  {
    heading: 'failed requests',
    text: ({ safeBesideApi, rows }) =>
      marked(numberText(safeBesideApi?.api?.failed, rowCount), isOnFewerRows(safeBesideApi, rows)),
  },
  {
    heading: 'wrong rows',
    text: ({ publishedBesideApi, safeBesideApi, rows }) => {
      const run = publishedBesideApi ?? safeBesideApi;
      return marked(numberText(run && wrongRows(run), rowCount), isOnFewerRows(run, rows));
    },
  },
  {
    heading: 'longest batch ms',
    text: ({ safe, safeBesideApi, rows }) =>
      numberText(
        greatest([safe, safeBesideApi].flatMap((run) => (run?.rows === rows ? [run.longestBatchMs] : []))),
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
  const fewer = besideApi.find((run) => isOnFewerRows(run, result.rows));
  const notes = [
    ...(lines.some(isLosing)
      ? [
          'In brackets: as published, nothing copies a write of the application to the new column after its row is filled. ' +
            'The write is lost.',
        ]
      : []),
    ...(fewer === undefined ? [] : [fewerRowsNote(fewer.rows, result.rows)]),
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
    idle: { rows: result.rows, p99Ms: result.idle.p99Ms },
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

function fewerRowsNote(rows: number, idleRows: number): string {
  return (
    `${FEWER_ROWS} On ${rowCount(rows)} rows, because most of the method’s time is its own pauses. The p99 is compared ` +
    `with the idle API on ${rowCount(idleRows)} rows.`
  );
}

function marked(text: string, isMarked: boolean): string {
  return isMarked ? `${text}${FEWER_ROWS}` : text;
}

function secondsText(run: MeasuredRun | undefined): string {
  return numberText(run?.seconds, (seconds) => seconds.toFixed(1));
}

function timesText(value: number): string {
  return `${value.toFixed(2)}×`;
}

function numberText(value: number | undefined, text: (value: number) => string): string {
  return value === undefined ? NONE : text(value);
}
