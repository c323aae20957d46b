import { isRename } from './changed-column.ts';
import type { ColumnChange } from './column-change.ts';

/** The phases of column changes, in order. A change has all of them, or those of `phaseNamesOf`. */
export const PHASE_NAMES = ['expand', 'backfill', 'enforce', 'contract', 'rename'] as const;

export type PhaseName = (typeof PHASE_NAMES)[number];

/** The names of a change's phases, in order. */
export function phaseNamesOf(
  change: Pick<ColumnChange, 'columns' | 'renameInContract'>,
): readonly PhaseName[] {
  if (isRename(change)) return ['rename'];
  return change.renameInContract ? PHASE_NAMES.filter((name) => name !== 'rename') : PHASE_NAMES;
}
