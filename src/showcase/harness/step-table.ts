import { rowCount } from '../../command-line/row-count.ts';
import type { Summary } from './tally.ts';

/** A step of a run under load, with its requests. */
export interface MeasuredStep extends Summary {
  readonly name: string;
  /** Duration of the step, without the settling time. */
  readonly seconds: number;
}

/** Width of the first column, in characters. */
const NAME_WIDTH = 20;
/** A line with all numbers then fits a terminal of 80 columns. */
const NUMBER_WIDTH = 9;

/** The numbers of a step, each with its heading and text. */
export const COLUMNS: readonly { heading: string; text: (step: MeasuredStep) => string }[] = [
  { heading: 'seconds', text: ({ seconds }) => seconds.toFixed(2) },
  { heading: 'requests', text: ({ requests }) => rowCount(requests) },
  { heading: 'failed', text: ({ failed }) => rowCount(failed) },
  { heading: 'p50 ms', text: ({ p50Ms }) => p50Ms.toFixed(1) },
  { heading: 'p99 ms', text: ({ p99Ms }) => p99Ms.toFixed(1) },
  { heading: 'max ms', text: ({ maxMs }) => maxMs.toFixed(1) },
];

/** The start of a line: its name, padded to the first column's width. */
export function lineBeginning(name: string): string {
  return name.padEnd(NAME_WIDTH);
}

/** The heading line above a way's steps. */
export function stepHeadings(): string {
  return lineBeginning('step') + COLUMNS.map(({ heading }) => rightAligned(heading)).join('');
}

/** The numbers of a step, to follow {@link lineBeginning}. */
export function stepNumbers(step: MeasuredStep): string {
  return COLUMNS.map(({ text }) => rightAligned(text(step))).join('');
}

/** Right-aligns a text in a column of numbers. */
export function rightAligned(text: string): string {
  return ` ${text.padStart(NUMBER_WIDTH)}`;
}
