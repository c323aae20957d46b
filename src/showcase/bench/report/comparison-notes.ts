import { rowCount } from '../../../command-line/row-count.ts';
import type { BenchResult } from '../bench-result.ts';
import { aloneRun, engineRuns } from './runs.ts';

/** How the columns of the main table compare with each other, and the engine with the other methods, in Markdown. */
export function comparisonNotes(result: BenchResult): string[] {
  return [
    'Columns that name no variant are of the method kept equal. Only `wrong rows` is of the method as published, if this ' +
      'variant exists. The engine and the tools always have their triggers.',
    '`ALTER … TYPE` needs no trigger, because its lock stops all reads and writes until it ends. A waiting request fails only ' +
      `${result.load.patienceMs / 1000} s after it was due, so a shorter lock fails none.`,
    ['Each figure is of one run.', ...engineSentences(result)].join(' '),
  ];
}

function engineSentences(result: BenchResult): string[] {
  if (engineRuns(result).length === 0) return [];
  const pgroll = aloneRun(result, 'pgroll', 'kept');
  const commits = pgroll === undefined ? '' : `, pgroll’s algorithm ${rowCount(pgroll.batches)} times`;
  return [
    'The engine commits with `synchronous_commit = off`, because it can repeat lost batches after a crash; the other ' +
      `methods wait for the disk at each commit${commits}.`,
    'While the engine runs, it keeps autovacuum away from its table and vacuums the table itself.',
  ];
}
