import { PIECE_MS, type StepSpan, type TimelinePiece, type TimelineRecord } from '../../harness/timeline.ts';
import { escapeHtml } from './escape-html.ts';

const WIDTH = 960;
const LEFT = 48;
const RIGHT = 8;
const LABELS_HEIGHT = 34;
const PLOT_HEIGHT = 110;
const LOCKS_HEIGHT = 14;
const AXIS_HEIGHT = 20;
const MS_PER_SECOND = 1_000;
/** Keeps the shortest lock visible. */
const LEAST_WIDTH = 1.5;
/** Labels of adjacent steps alternate between two lines. */
const LABEL_LINES = 2;
const MOST_TICKS = 10;
const TICK_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/** The common scale of several charts. */
export interface Scale {
  readonly longestMs: number;
  /** The largest number of requests in one piece. */
  readonly most: number;
}

/** A scale that fits all timelines. */
export function commonScale(timelines: readonly TimelineRecord[]): Scale {
  const pieces = timelines.flatMap((timeline) => timeline.pieces);
  return {
    longestMs: Math.max(...timelines.map((timeline) => timeline.pieces.length * PIECE_MS)),
    most: pieces.reduce((most, { served, failed }) => Math.max(most, served + failed), 1),
  };
}

/**
 * Draws a timeline as SVG: served and failed requests over time, the steps above, the locks below.
 * @param title a description for screen readers
 */
export function timelineChart(timeline: TimelineRecord, scale: Scale, title: string): string {
  const x = (ms: number) => LEFT + (ms / scale.longestMs) * (WIDTH - LEFT - RIGHT);
  const bottom = LABELS_HEIGHT + PLOT_HEIGHT;
  const y = (requests: number) => bottom - (requests / scale.most) * PLOT_HEIGHT;
  const end = x(timeline.pieces.length * PIECE_MS);
  const height = bottom + LOCKS_HEIGHT + AXIS_HEIGHT;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}">`,
    ...timeline.steps.map((step, index) => stepMark(step, index, x, bottom + LOCKS_HEIGHT)),
    `<path class="served" data-points="${timeline.pieces.length}" d="${area(timeline.pieces, x, y)}"/>`,
    ...timeline.pieces.flatMap(({ failed }, index) => {
      const width = Math.max(x(PIECE_MS) - x(0), LEAST_WIDTH).toFixed(2);
      const top = y(failed);
      return failed === 0
        ? []
        : `<rect class="failed" data-failed="${failed}" x="${x(index * PIECE_MS).toFixed(2)}" y="${top.toFixed(2)}" width="${width}" height="${(bottom - top).toFixed(2)}"/>`;
    }),
    `<line class="axis" x1="${LEFT}" y1="${bottom}" x2="${end.toFixed(2)}" y2="${bottom}"/>`,
    `<text class="label" x="${LEFT - 6}" y="${LABELS_HEIGHT + 10}" text-anchor="end">${perSecond(scale.most)}/s</text>`,
    `<text class="label" x="${LEFT - 6}" y="${bottom}" text-anchor="end">0</text>`,
    `<text class="label" x="${LEFT - 6}" y="${bottom + LOCKS_HEIGHT - 2}" text-anchor="end">locks</text>`,
    ...timeline.locks.map(({ purpose, mode, beganMs, endedMs }) => {
      const width = Math.max(x(endedMs) - x(beganMs), LEAST_WIDTH);
      const held = `${purpose}: ${mode} for ${(endedMs - beganMs).toFixed(1)} ms`;
      return (
        `<rect class="${mode === 'ACCESS EXCLUSIVE' ? 'exclusive' : 'shared'}" x="${x(beganMs).toFixed(2)}" ` +
        `y="${bottom + 3}" width="${width.toFixed(2)}" height="${LOCKS_HEIGHT - 5}"><title>${escapeHtml(held)}</title></rect>`
      );
    }),
    ...ticks(scale.longestMs).map(
      (seconds) =>
        `<text class="label" x="${x(seconds * MS_PER_SECOND).toFixed(2)}" y="${height - 4}" text-anchor="middle">${seconds} s</text>`,
    ),
    '</svg>',
  ].join('\n');
}

function stepMark(
  { name, beganMs }: StepSpan,
  index: number,
  x: (ms: number) => number,
  bottom: number,
): string {
  const at = x(beganMs).toFixed(2);
  const line = 12 + (index % LABEL_LINES) * 14;
  return (
    `<line class="step" x1="${at}" y1="${line + 3}" x2="${at}" y2="${bottom}"/>` +
    `<text class="label" x="${at}" y="${line}">${escapeHtml(name)}</text>`
  );
}

function area(
  pieces: readonly TimelinePiece[],
  x: (ms: number) => number,
  y: (requests: number) => number,
): string {
  const points = pieces.map(
    ({ served }, index) => `${x((index + 0.5) * PIECE_MS).toFixed(2)},${y(served).toFixed(2)}`,
  );
  const first = `${x(0).toFixed(2)},${y(0).toFixed(2)}`;
  const last = `${x(pieces.length * PIECE_MS).toFixed(2)},${y(0).toFixed(2)}`;
  return `M${[first, ...points, last].join('L')}Z`;
}

function perSecond(requests: number): string {
  return ((requests * MS_PER_SECOND) / PIECE_MS).toLocaleString('en-US');
}

function ticks(longestMs: number): number[] {
  const seconds = longestMs / MS_PER_SECOND;
  const step = TICK_STEPS.find((candidate) => seconds / candidate <= MOST_TICKS) ?? seconds;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
}
