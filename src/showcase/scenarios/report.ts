import { COMPARED } from '../demo/comparison.ts';
import { lineBeginning, rightAligned } from '../harness/step-table.ts';
import type { ScenarioResult } from './run-scenario.ts';

/** The figures that only concern type changes. */
const OF_TYPE_CHANGES = new Set(['rows written', 'of these changed', 'of these missing']);

/** A table of both ways side by side, and the steps. */
export function scenarioReport({ safe, asWritten, messages, retries }: ScenarioResult): string {
  return [
    lineOf('both ways', ['safe', 'written']),
    ...COMPARED.filter(({ heading }) => !OF_TYPE_CHANGES.has(heading)).map(({ heading, text }) =>
      lineOf(heading, [safe, asWritten].map(text)),
    ),
    '',
    'The steps of the safe way:',
    ...messages.map((message) => `  ${message}`),
    `  Locks that were requested again: ${retries}.`,
  ].join('\n');
}

function lineOf(heading: string, texts: readonly string[]): string {
  return lineBeginning(heading) + texts.map(rightAligned).join('');
}
