import { machineSentence } from '../harness/machine.ts';
import { markdownTable } from '../harness/markdown-table.ts';
import { median } from '../harness/median.ts';
import { rowCount } from '../../command-line/row-count.ts';
import type { BenchApiResult, Comparison } from './run-bench-api.ts';

/** The API should serve at least this share of the requests that it serves with plain MikroORM. */
const WANTED_RATIO = 0.95;

/** The result in Markdown: medians of the rounds and their ratio. */
export function benchApiReport({ comparisons, polling, waits, machine }: BenchApiResult): string {
  const lowest = Math.min(...comparisons.map(ratioOf));
  const verdict = lowest >= WANTED_RATIO ? 'reached' : 'not reached';
  return [
    markdownTable<Comparison>(
      [
        { heading: 'stage', text: ({ migration }) => migration },
        { heading: 'request', text: ({ endpoint }) => endpoint },
        { heading: 'plain MikroORM, answers/s', text: ({ plain }) => rate(plain) },
        { heading: 'followedOrm, answers/s', text: ({ api }) => rate(api) },
        { heading: 'ratio', text: (comparison) => ratioOf(comparison).toFixed(2) },
      ],
      comparisons,
    ),
    `Lowest ratio: ${lowest.toFixed(2)}; wanted: ${WANTED_RATIO} (${verdict}).`,
    `Answers/s with one poll of the active column per second: ${span(polling.usual)}; with 100: ${span(polling.busy)}.`,
    `Longest answer in ms while the active column changes: ${span(waits.switching)}; while a migration command has nothing to do: ` +
      `${span(waits.idle)}.`,
    `${machineSentence(machine)} PostgreSQL ${machine.postgres}.`,
  ].join('\n\n');
}

function ratioOf({ plain, api }: Comparison): number {
  return median(api) / median(plain);
}

function rate(rates: readonly number[]): string {
  return rowCount(median(rates));
}

/** The median and the range: processes with the same code differ. */
function span(rates: readonly number[]): string {
  const [least, most] = [Math.min(...rates), Math.max(...rates)].map(rowCount);
  return `${rate(rates)} (${least} to ${most})`;
}
