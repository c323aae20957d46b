import { rowCount } from '../../command-line/row-count.ts';
import { machineSentence } from '../harness/machine.ts';
import { folded } from '../harness/folded.ts';
import { type Column, markdownTable } from '../harness/markdown-table.ts';
import { median } from '../harness/median.ts';
import { targetTable } from '../harness/target-table.ts';
import type { ChangeRun, PhaseCost } from './change-run.ts';
import type { BenchChangeResult } from './run-bench-change.ts';
import { compareChange, forwardFillSeconds, lastOf, phasesOf, totalOf } from './targets.ts';
import { databaseSentence } from '../bench/told-settings.ts';

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

const RUN_COLUMNS: readonly Column<ChangeRun>[] = [
  { heading: 'table', text: describe },
  { heading: 'backfill alone s', text: (run) => forwardFillSeconds(run).toFixed(2) },
  { heading: 'whole change s', text: (run) => totalOf(run, 'up').toFixed(2) },
  { heading: 'way back s', text: (run) => totalOf(run, 'down').toFixed(2) },
  { heading: 'longest lock ms', text: ({ phases }) => longestLockOf(phases).toFixed(1) },
  { heading: 'heap, way there', text: (run) => multiple(lastOf(run, 'up').heapGrowth) },
  { heading: 'heap, both ways', text: (run) => multiple(lastOf(run, 'down').heapGrowth) },
];

/** All measurements, in Markdown: a line for each run, the targets, and a table of the phases of each run. */
export function benchChangeReport(result: BenchChangeResult): string {
  const { runs, machine, settings } = result;
  const [largest, ...smaller] = [...new Set(runs.map(({ rows }) => rows))].toSorted(
    (one, other) => other - one,
  );
  return [
    `Measured on ${result.began.slice(0, 10)} with \`${commandOf(result)}\`, in ${Math.ceil(result.seconds / 60)} minutes.`,
    machineSentence(machine),
    databaseSentence(machine, settings),
    `Each phase ran as a command of its own. Its process takes ${median(runs.flatMap(({ processSeconds }) => processSeconds)).toFixed(1)} ` +
      `seconds more than the phase (the median). The tables do not include this time.`,
    markdownTable(RUN_COLUMNS, runs),
    'Both columns of the heap are relative to its size before the change.',
    `Targets, on ${rowCount(largest!)} rows:`,
    targetsOn(result, largest!),
    ...smaller.map((rows) => folded(`Targets: ${rowCount(rows)} rows`, [targetsOn(result, rows)])),
    ...runs.map((run) => folded(`Each phase: ${describe(run)}`, [runTable(run)])),
  ].join('\n\n');
}

function targetsOn({ runs }: BenchChangeResult, rows: number): string {
  const compared = runs.filter((run) => run.rows === rows);
  return targetTable(compared.map((run) => ({ title: workersText(run), targets: compareChange(run) })));
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
  return {
    ...phases.at(-1)!,
    title: `**${title}**`,
    seconds: totalOf(run, direction),
    fillSeconds: phases.reduce((sum, { fillSeconds }) => sum + (fillSeconds ?? 0), 0),
    walBytes: phases.reduce((sum, { walBytes }) => sum + walBytes, 0),
    longestLockMs: longestLockOf(phases),
  };
}

/** The longest lock of several phases, in milliseconds. */
function longestLockOf(phases: readonly PhaseCost[]): number {
  return Math.max(...phases.map((phase) => phase.longestLockMs ?? 0));
}

function describe(run: ChangeRun): string {
  return `${rowCount(run.rows)} rows, ${workersText(run)}`;
}

function workersText({ workers }: ChangeRun): string {
  return workers === 1 ? '1 worker' : `${workers} workers`;
}

function multiple(value: number): string {
  return `${value.toFixed(2)}×`;
}
