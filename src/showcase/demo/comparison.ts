import { rowCount } from '../../command-line/row-count.ts';
import { COLUMNS, lineBeginning, rightAligned } from '../harness/step-table.ts';
import type { DemoResult } from './run-demo.ts';
import type { WayResult } from './way.ts';

/** A row of the comparison: a heading, and a text for each way. */
export interface ComparedNumber {
  readonly heading: string;
  readonly text: (way: WayResult) => string;
}

/** The rows: requests, gaps without an answer, and acknowledged writes. */
export const COMPARED: readonly ComparedNumber[] = [
  ...COLUMNS.map(({ heading, text }) => ({ heading, text: ({ total }: WayResult) => text(total) })),
  { heading: 'longest gap ms', text: ({ timeline }) => rowCount(timeline.longestGapMs) },
  { heading: 'all gaps ms', text: ({ timeline }) => rowCount(timeline.unservedMs) },
  { heading: 'rows written', text: ({ writtenRows }) => rowCount(writtenRows) },
  { heading: 'of these changed', text: ({ ledger }) => rowCount(ledger.different) },
  { heading: 'of these missing', text: ({ ledger }) => rowCount(ledger.missing) },
];

/** A table of the three ways side by side. */
export function comparison({ safe, recipe, direct }: Omit<DemoResult, 'circumstances'>): string {
  return [
    lineOf('The three ways', ['safe', 'recipe', 'direct']),
    ...COMPARED.map(({ heading, text }) => lineOf(heading, [safe, recipe, direct].map(text))),
  ].join('\n');
}

function lineOf(heading: string, texts: readonly string[]): string {
  return lineBeginning(heading) + texts.map(rightAligned).join('');
}
