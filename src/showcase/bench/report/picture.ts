import { rowCount } from '../../../command-line/row-count.ts';
import { escapeHtml } from '../../demo/report/escape-html.ts';
import type { BenchResult } from '../bench-result.ts';
import type { MeasuredRun } from '../measured-run.ts';
import type { Method } from '../methods/method.ts';
import { aloneRun, FEWER_ROWS, isOnFewerRows, loadedRun, methodsOn, safeVariant } from './runs.ts';

const WIDTH = 960;
const TITLES_WIDTH = 264;
const PANEL_GAP = 56;
const PANELS = 3;
const PANEL_WIDTH = (WIDTH - TITLES_WIDTH - PANELS * PANEL_GAP) / PANELS;
const TOP = 64;
const ROW_HEIGHT = 30;
const FOOT = 22;
const NOTE_HEIGHT = 18;
const DOT = 5;
const BAR_HEIGHT = 12;

/** An SVG file has its own style, light and dark, and its own background: a page may have another one. */
const STYLE = `
  svg { --ground: #fff; --text: #1b1f23; --soft: #565d66; --line: #d5dae0; --other: #7d8792; --own: #2f6fde; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #14171a; --text: #e8eaed; --soft: #a9b1ba; --line: #343b43; --other: #9aa4ae; --own: #7aa8f5; }
  }
  .ground { fill: var(--ground); } .line { stroke: var(--line); }
  text { font: 13px system-ui, sans-serif; fill: var(--text); } .soft { fill: var(--soft); } .small { font-size: 11px; }
  .heading { font-weight: 600; } .other { fill: var(--other); } .own { fill: var(--own); }
  .hollow { fill: var(--ground); stroke: var(--other); stroke-width: 2; }`;

/** A measurement of each method, as a column of the picture. */
interface Panel {
  readonly heading: string;
  readonly marks: readonly Mark[];
  /** A logarithmic scale has a dot for each value, a linear one has a bar from zero. */
  readonly isLogarithmic: boolean;
}

interface Mark {
  readonly row: number;
  readonly value: number;
  readonly text: string;
  readonly isOwn: boolean;
  /** The value of the variant as published, in a hollow dot. */
  readonly published: number | undefined;
}

/** The methods side by side as SVG: seconds, growth of the heap, and the API's p99 latency. */
export function benchPicture(result: BenchResult): string {
  const methods = methodsOn(result, result.rows);
  const notes = notesOf(result, methods);
  const bottom = TOP + methods.length * ROW_HEIGHT + FOOT;
  const height = bottom + notes.length * NOTE_HEIGHT;
  const title = `${rowCount(result.rows)} rows: time, growth of the heap, and latency of the API for each method`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeHtml(title)}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}"/>`,
    `<text class="heading" x="12" y="22">${rowCount(result.rows)} rows</text>`,
    ...methods.map(
      ({ title: name }, row) =>
        `<text x="12" y="${middleOf(row) + 4}">${escapeHtml(name.replaceAll('`', ''))}</text>`,
    ),
    ...panelsOf(result, methods).flatMap((panel, index) =>
      drawPanel(panel, TITLES_WIDTH + index * (PANEL_WIDTH + PANEL_GAP), methods.length),
    ),
    ...notes.map(
      (note, index) =>
        `<text class="soft small" x="12" y="${bottom + index * NOTE_HEIGHT + 4}">${escapeHtml(note)}</text>`,
    ),
    '</svg>',
    '',
  ].join('\n');
}

function notesOf(result: BenchResult, methods: readonly Method[]): string[] {
  const fewer = methods
    .map((method) => besideApi(result, method))
    .find((run) => isOnFewerRows(run, result.rows));
  return [
    'Filled: the columns are kept equal. Hollow: as published, without a trigger; the writes of the application are lost.',
    ...(fewer === undefined
      ? []
      : [
          `${FEWER_ROWS} Beside ${rowCount(fewer.rows)} rows, against the idle API on ${rowCount(result.rows)} rows.`,
        ]),
  ];
}

/** The method's run beside the API, in the variant that loses no write. */
function besideApi(result: BenchResult, method: Method): MeasuredRun | undefined {
  return loadedRun(result, method.name, safeVariant(method));
}

function panelsOf(result: BenchResult, methods: readonly Method[]): Panel[] {
  const marks = (
    valueOf: (method: Method) => number | undefined,
    text: (value: number, method: Method) => string,
    publishedOf: (method: Method) => number | undefined = () => undefined,
  ): Mark[] =>
    methods.flatMap((method, row) => {
      const value = valueOf(method);
      const isOwn = method.workers !== null;
      return value === undefined
        ? []
        : [{ row, value, text: text(value, method), isOwn, published: publishedOf(method) }];
    });
  const safe = (method: Method) => aloneRun(result, method.name, safeVariant(method));
  return [
    {
      heading: 'seconds, no load',
      isLogarithmic: true,
      marks: marks(
        (method) => safe(method)?.seconds,
        (seconds) => (seconds < 10 ? seconds.toFixed(1) : rowCount(seconds)),
        ({ name, variants }) =>
          variants.length > 1 ? aloneRun(result, name, 'published')?.seconds : undefined,
      ),
    },
    {
      heading: 'heap afterwards',
      isLogarithmic: false,
      marks: marks(
        (method) => safe(method)?.heapGrowth,
        (growth) => `${growth.toFixed(2)}×`,
      ),
    },
    {
      heading: 'API p99, × idle',
      isLogarithmic: true,
      marks: marks(
        (method) => {
          const run = besideApi(result, method);
          return run === undefined ? undefined : run.api!.p99Ms / result.idle.p99Ms;
        },
        (times, method) => {
          const mark = isOnFewerRows(besideApi(result, method), result.rows) ? FEWER_ROWS : '';
          return `${times < 10 ? times.toFixed(1) : rowCount(times)}×${mark}`;
        },
      ),
    },
  ];
}

function drawPanel({ heading, marks, isLogarithmic }: Panel, left: number, rows: number): string[] {
  const bottom = TOP + rows * ROW_HEIGHT;
  const values = marks.flatMap(({ value, published }) => [value, published ?? value]);
  if (values.length === 0) return [];
  const ticks = isLogarithmic ? powersAround(values) : wholesUpTo(Math.max(...values));
  const [first, last] = [ticks[0]!, ticks.at(-1)!];
  const share = (value: number) =>
    isLogarithmic ? Math.log(value / first) / Math.log(last / first) : value / last;
  const x = (value: number) => left + share(value) * PANEL_WIDTH;
  return [
    `<text class="heading" x="${left.toFixed(1)}" y="22">${heading}</text>`,
    ...ticks.flatMap((tick) => [
      `<line class="line" x1="${x(tick).toFixed(1)}" y1="${TOP - 8}" x2="${x(tick).toFixed(1)}" y2="${bottom}"/>`,
      `<text class="soft small" x="${x(tick).toFixed(1)}" y="${TOP - 14}" text-anchor="middle">${tick.toLocaleString('en-US')}</text>`,
    ]),
    ...marks.flatMap(({ row, value, text, isOwn, published }) => {
      const [at, y] = [x(value), middleOf(row)];
      const kind = isOwn ? 'own' : 'other';
      const labelX = Math.max(at, x(published ?? value)) + DOT + 4;
      return [
        ...(published === undefined ? [] : [dot('hollow', x(published), y)]),
        isLogarithmic
          ? dot(kind, at, y)
          : `<rect class="${kind}" x="${left.toFixed(1)}" y="${y - BAR_HEIGHT / 2}" width="${(at - left).toFixed(1)}" height="${BAR_HEIGHT}"/>`,
        `<text class="small" x="${labelX.toFixed(1)}" y="${y + 4}">${text}</text>`,
      ];
    }),
  ];
}

function dot(kind: 'own' | 'other' | 'hollow', x: number, y: number): string {
  return `<circle class="${kind}" cx="${x.toFixed(1)}" cy="${y}" r="${DOT}"/>`;
}

function middleOf(row: number): number {
  return TOP + row * ROW_HEIGHT + ROW_HEIGHT / 2;
}

/** The powers of ten around all values, at least two. */
function powersAround(values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

function wholesUpTo(value: number): number[] {
  return Array.from({ length: Math.ceil(value) + 1 }, (_, index) => index);
}
