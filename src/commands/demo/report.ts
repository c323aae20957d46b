import type { LedgerVerdict } from '../harness/ledger-check.ts';
import type { MeasuredStep } from './steps.ts';
import type { WayResult } from './way.ts';

/** Width of the first column, in characters. */
const NAME_WIDTH = 26;
const NUMBER_WIDTH = 10;

/** The numbers of a step, each with its heading and its text. */
const COLUMNS: readonly { heading: string; text: (step: MeasuredStep) => string }[] = [
  { heading: 'seconds', text: ({ seconds }) => seconds.toFixed(2) },
  { heading: 'requests', text: ({ requests }) => count(requests) },
  { heading: 'failed', text: ({ failed }) => count(failed) },
  { heading: 'p50 ms', text: ({ p50Ms }) => p50Ms.toFixed(1) },
  { heading: 'p99 ms', text: ({ p99Ms }) => p99Ms.toFixed(1) },
  { heading: 'longest ms', text: ({ maxMs }) => maxMs.toFixed(1) },
];

/** The beginning of a line: what it is about, padded to the first column's width. */
export function lineBeginning(name: string): string {
  return name.padEnd(NAME_WIDTH);
}

/** The line above a way's steps. */
export function stepHeadings(): string {
  return lineBeginning('step') + COLUMNS.map(({ heading }) => rightAligned(heading)).join('');
}

/** The numbers of a step, to go behind {@link lineBeginning}. */
export function stepNumbers(step: MeasuredStep): string {
  return COLUMNS.map(({ text }) => rightAligned(text(step))).join('');
}

/** The time that a piece of work took, to go behind {@link lineBeginning}. */
export function workNumbers(seconds: number): string {
  return rightAligned(seconds.toFixed(2));
}

/** A table of the two ways side by side. */
export function comparison(safe: MeasuredStep, risky: MeasuredStep): string {
  return [
    lineBeginning('Safe against risky') + rightAligned('safe') + rightAligned('risky'),
    ...COLUMNS.map(
      ({ heading, text }) => lineBeginning(heading) + rightAligned(text(safe)) + rightAligned(text(risky)),
    ),
  ].join('\n');
}

/** The ledger's verdict, in a sentence. */
export function ledgerSentence({ acknowledged, missing, different, unexpected }: LedgerVerdict): string {
  const counts = `${count(missing)} missing, ${count(different)} different, ${count(unexpected)} unexpected`;
  return `Ledger: ${count(acknowledged)} acknowledged writes against every row: ${counts}.`;
}

/** What went wrong on the safe way, in sentences; none where all is as it must be. */
export function faultsOf({ steps, failures, apiLog }: WayResult, ledger: LedgerVerdict): string[] {
  const failed = steps.reduce((sum, step) => sum + step.failed, 0);
  const faults = [];
  if (failed > 0) {
    faults.push(
      `${count(failed)} requests of the safe way failed. The first ones of each step:\n${failures.join('\n')}`,
    );
    faults.push(`The end of the API's log:\n${apiLog}`);
  }
  if (ledger.missing + ledger.different + ledger.unexpected > 0) {
    faults.push('The table does not hold what the API has acknowledged.');
  }
  return faults;
}

function rightAligned(text: string): string {
  return text.padStart(NUMBER_WIDTH + 1);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
