import { rowCount } from '../../command-line/row-count.ts';
import { type Column, markdownTable } from './markdown-table.ts';

/** A number to reach, and whether it was reached. */
export interface Target {
  readonly goal: string;
  /** For example `≤ 1.3×`. */
  readonly wanted: string;
  /** In the unit of `wanted`; null if it was not measured. */
  readonly reached: number | null;
  /** Null if it is unknown. */
  readonly isMet: boolean | null;
}

/** A run that is compared with the targets. */
export interface ComparedRun {
  /** Heading of its column. */
  readonly title: string;
  /** The same goals in each run, in the same order. */
  readonly targets: readonly Target[];
}

/** A line for each goal and a column for each run, in Markdown. */
export function targetTable(runs: readonly ComparedRun[]): string {
  const columns: Column<number>[] = [
    { heading: 'target', text: (goal) => runs[0]!.targets[goal]!.goal },
    { heading: 'wanted', text: (goal) => runs[0]!.targets[goal]!.wanted },
    ...runs.map(({ title, targets }) => ({
      heading: title,
      text: (goal: number) => reachedText(targets[goal]!),
    })),
  ];
  return markdownTable(columns, [...(runs[0]?.targets.keys() ?? [])]);
}

function reachedText({ reached, isMet }: Target): string {
  if (reached === null) return 'not measured';
  return isMet === false ? `${rounded(reached)} (missed)` : rounded(reached);
}

/** Two decimals for small values. */
function rounded(value: number): string {
  return value >= 100 || Number.isInteger(value) ? rowCount(value) : value.toFixed(2);
}
