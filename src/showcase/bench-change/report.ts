import { rowCount } from '../../command-line/row-count.ts';
import { machineSentence } from '../harness/machine.ts';
import { folded } from '../harness/folded.ts';
import { type Column, markdownTable } from '../harness/markdown-table.ts';
import { targetTable } from '../harness/target-table.ts';
import type { ChangeRun, PhaseCost } from './change-run.ts';
import type { BenchChangeResult } from './run-bench-change.ts';
import { compareChange, phasesOf, totalOf } from './targets.ts';

const MEGABYTE = 2 ** 20;
/** Stands for a missing number. */
const NONE = '–';

/** A line of a run's table: a phase, or a whole way. */
type Line = Omit<PhaseCost, 'migration' | 'direction' | 'phase'> & { readonly title: string };

const COLUMNS: readonly Column<Line>[] = [
  { heading: 'phase', text: ({ title }) => title },
  { heading: 'seconds', text: ({ seconds }) => seconds.toFixed(2) },
  { heading: 'filling', text: ({ fillSeconds }) => fillSeconds?.toFixed(2) ?? NONE },
  { heading: 'longest lock ms', text: ({ longestLockMs }) => longestLockMs?.toFixed(1) ?? NONE },
  { heading: 'WAL MB', text: ({ walBytes }) => rowCount(walBytes / MEGABYTE) },
  { heading: 'heap', text: ({ heapGrowth }) => multiple(heapGrowth) },
  { heading: 'primary key', text: ({ indexGrowth }) => multiple(indexGrowth) },
];

/** All measurements, in Markdown: the numbers to reach, and a table for each run. */
export function benchChangeReport(result: BenchChangeResult): string {
  const { runs, machine, settings } = result;
  const settingList = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return [
    `Measured on ${result.began.slice(0, 10)} with \`${commandOf(result)}\`, in ${Math.ceil(result.seconds / 60)} minutes.`,
    machineSentence(machine),
    `Database: PostgreSQL ${machine.postgres}, ${settingList.join(', ')}.`,
    `Each phase ran as a command of its own. Its process takes ${median(runs.flatMap(({ processSeconds }) => processSeconds)).toFixed(1)} ` +
      `seconds more than the phase (the median), at any size. The tables do not include them.`,
    targetTable(runs.map((run) => ({ title: describe(run), targets: compareChange(run) }))),
    ...runs.map((run) => folded(`Each phase: ${describe(run)}`, [runTable(run)])),
  ].join('\n\n');
}

/** The command that repeats the run. */
function commandOf({ rows, workers }: BenchChangeResult): string {
  return `npm run bench:change -- --rows ${rows.join(',')} --workers ${workers.join(',')}`;
}

function runTable(run: ChangeRun): string {
  return markdownTable(COLUMNS, [
    ...phasesOf(run, 'up').map((phase) => ({ ...phase, title: `${phase.migration} ${phase.phase}` })),
    wayLine(run, 'up', 'way there'),
    ...phasesOf(run, 'down').map((phase) => ({
      ...phase,
      title: `${phase.migration} ${phase.phase}, reverted`,
    })),
    wayLine(run, 'down', 'way back'),
  ]);
}

/** A whole way: the sums, the longest lock, and the sizes at its end. */
function wayLine(run: ChangeRun, direction: PhaseCost['direction'], title: string): Line {
  const phases = phasesOf(run, direction);
  const locks = phases.map(({ longestLockMs }) => longestLockMs ?? 0);
  return {
    ...phases.at(-1)!,
    title: `**${title}**`,
    seconds: totalOf(run, direction),
    fillSeconds: phases.reduce((sum, { fillSeconds }) => sum + (fillSeconds ?? 0), 0),
    walBytes: phases.reduce((sum, { walBytes }) => sum + walBytes, 0),
    longestLockMs: Math.max(...locks),
  };
}

function describe({ rows, workers }: ChangeRun): string {
  return `${rowCount(rows)} rows, ${workers === 1 ? '1 worker' : `${workers} workers`}`;
}

function multiple(value: number): string {
  return `${value.toFixed(2)}×`;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
