import { type BackfillProgress, readBackfillProgress } from '../backfill/plan/progress.ts';
import { isRename } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { readTableShape, type TableShape } from '../state/table-shape.ts';

/** The stages of the database in a column change, in order; each is named for the phase that leads to it. */
export const STAGES = ['initial', 'expanded', 'backfilled', 'enforced', 'contracted', 'renamed'] as const;

/** The stage of the database. */
export type Stage = (typeof STAGES)[number];

/**
 * The stages that the phases of a change lead through, in order. While the way back of a contract that also renames is
 * interrupted, the database can be at `contracted` as well.
 */
export function stagesOf(change: Pick<ColumnChange, 'columns' | 'renameInContract'>): readonly Stage[] {
  if (isRename(change)) return ['initial', 'renamed'];
  return change.renameInContract ? STAGES.filter((stage) => stage !== 'contracted') : STAGES;
}

/**
 * Reads the stage from the catalog and the backfill's checkpoint.
 * @throws TableNotReadyError if the table does not exist
 */
export async function readStage(database: Queryable, change: ColumnChange): Promise<Stage> {
  return stageOf(await readTableShape(database, change), await readBackfillProgress(database, change));
}

/** The stage of a table of this shape, with this checkpoint of its backfill. */
export function stageOf(
  { oldColumn, newColumn, isRenamed }: TableShape,
  backfill: BackfillProgress | null,
): Stage {
  if (newColumn === null) return isRenamed ? 'renamed' : 'initial';
  if (oldColumn === null) return 'contracted';
  const finished = backfill?.finished ?? false;
  if (backfill?.direction === 'backward' && !finished) return 'contracted';
  if (newColumn.isEnforced) return 'enforced';
  return finished ? 'backfilled' : 'expanded';
}
