import type { Target } from '../harness/target-table.ts';
import type { ChangeRun, PhaseCost } from './change-run.ts';

/** The rules, in the order of the report. */
const RULES: readonly { goal: string; most: number; value: (run: ChangeRun) => number }[] = [
  {
    goal: 'time: whole change against backfill alone',
    most: 1.5,
    value: (run) => totalOf(run, 'up') / forwardFillSeconds(run),
  },
  {
    goal: 'time: way back against whole change',
    most: 1,
    value: (run) => totalOf(run, 'down') / totalOf(run, 'up'),
  },
  { goal: 'heap, way there', most: 1.2, value: (run) => lastOf(run, 'up').heapGrowth },
  { goal: 'primary key, way there', most: 1.02, value: (run) => lastOf(run, 'up').indexGrowth },
  {
    goal: 'heap, way back, against its start',
    most: 1.2,
    value: (run) => lastOf(run, 'down').heapGrowth / lastOf(run, 'up').heapGrowth,
  },
  {
    goal: 'primary key, way back, against its start',
    most: 1.02,
    value: (run) => lastOf(run, 'down').indexGrowth / lastOf(run, 'up').indexGrowth,
  },
];

/** Compares a run with the targets. */
export function compareChange(run: ChangeRun): Target[] {
  return RULES.map(({ goal, most, value }) => {
    const reached = value(run);
    return { goal, wanted: `≤ ${most}×`, reached, isMet: reached <= most };
  });
}

/** Seconds of all phases of one way. */
export function totalOf(run: ChangeRun, direction: PhaseCost['direction']): number {
  return phasesOf(run, direction).reduce((sum, { seconds }) => sum + seconds, 0);
}

/** The phases of one way, in their order. */
export function phasesOf({ phases }: ChangeRun, direction: PhaseCost['direction']): PhaseCost[] {
  return phases.filter((phase) => phase.direction === direction);
}

/** Seconds of the backfill's own work, without the rest of its phase. */
export function forwardFillSeconds(run: ChangeRun): number {
  const seconds = phasesOf(run, 'up').find(({ fillSeconds }) => fillSeconds !== null)?.fillSeconds;
  if (typeof seconds !== 'number') throw new Error('No phase of the way there has filled a column.');
  return seconds;
}

/** The last phase of one way. */
export function lastOf(run: ChangeRun, direction: PhaseCost['direction']): PhaseCost {
  return phasesOf(run, direction).at(-1)!;
}
