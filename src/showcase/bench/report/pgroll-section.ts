import { rowCount } from '../../../command-line/row-count.ts';
import { folded } from '../../harness/folded.ts';
import { markdownTable } from '../../harness/markdown-table.ts';
import type { BenchResult } from '../bench-result.ts';
import type { PgrollStep } from '../pgroll-command.ts';

/** The real pgroll's commands, in Markdown; only a sentence if none was measured. */
export function pgrollSection({ pgroll }: BenchResult): string {
  if (pgroll === null) return 'The real pgroll was not measured: no usable one was on the PATH.';
  const { version, rows, completed, rolledBack } = pgroll;
  const lines = [
    ...completed.map((step) => ({ step, end: 'to the new type' })),
    ...rolledBack.map((step) => ({ step, end: 'there and back' })),
  ];
  return folded(`The real pgroll, ${rowCount(rows)} rows, no load`, [
    `\`${version}\`, on two copies of the table. pgroll stops waiting for a lock after 0.5 s and tries again later, but autovacuum gives ` +
      'way only after 1 s. So a command that meets autovacuum waits until autovacuum ends.',
    markdownTable<{ step: PgrollStep; end: string }>(
      [
        { heading: 'change', text: ({ end }) => end },
        { heading: 'command', text: ({ step }) => `\`pgroll ${step.command}\`` },
        { heading: 'seconds', text: ({ step }) => step.seconds.toFixed(1) },
        { heading: 'beside autovacuum', text: ({ step }) => (step.isBesideAutovacuum ? 'yes' : 'no') },
      ],
      lines,
    ),
  ]);
}
