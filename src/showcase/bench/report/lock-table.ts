import { rowCount } from '../../../command-line/row-count.ts';
import { markdownTable } from '../../harness/markdown-table.ts';
import { median } from '../../harness/median.ts';
import type { BenchResult } from '../bench-result.ts';
import type { LockTime } from '../lock-times.ts';

/** A phase's lock on the tables of both sizes. */
interface Line {
  readonly title: string;
  readonly small: LockTime | undefined;
  readonly large: LockTime;
}

/** The median and the maximum of each lock, on both tables. */
export function lockTable({ rows, locks }: BenchResult): string {
  const small = locks.filter((lock) => lock.rows !== rows);
  const lines = locks
    .filter((lock) => lock.rows === rows)
    .map((large) => ({
      title: `${large.migration} ${large.purpose}`,
      large,
      small: small.find(({ purpose }) => purpose === large.purpose),
    }));
  const sizes = [
    { heading: rowCount(small[0]?.rows ?? 0), lock: (line: Line) => line.small },
    { heading: rowCount(rows), lock: (line: Line) => line.large },
  ];
  return markdownTable<Line>(
    [
      { heading: 'phase', text: ({ title }) => title },
      ...sizes.flatMap(({ heading, lock }) => [
        { heading: `${heading} rows: median ms`, text: (line: Line) => lockText(lock(line), median) },
        {
          heading: `max ms`,
          text: (line: Line) => lockText(lock(line), (values) => Math.max(...values)),
        },
      ]),
      { heading: 'times taken', text: ({ large }) => String(large.heldMs.length) },
    ],
    lines,
  );
}

function lockText(lock: LockTime | undefined, choose: (values: readonly number[]) => number): string {
  return lock === undefined ? '–' : choose(lock.heldMs).toFixed(1);
}
