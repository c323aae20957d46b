import { activeColumnOf } from '../follow/active-column.ts';
import type { ActiveColumn } from '../follow/active-column.ts';
import { type BackfillProgress, readBackfillProgress } from '../backfill/plan/progress.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { readTableShape } from '../state/table-shape.ts';
import { type Stage, stageOf, stagesOf } from './stage.ts';

/** The stage and the progress of a change. */
export interface Status {
  /** The name of the change. */
  readonly change: string;
  readonly stage: Stage;
  /** The stages of the change, in order. */
  readonly stages: readonly Stage[];
  /** The name of the column that the application uses now; the names of several with a comma between them. */
  readonly activeColumn: string;
  /** The schema version that has this column. */
  readonly form: ActiveColumn['form'];
  /** Null if no backfill has begun. */
  readonly backfill: BackfillProgress | null;
}

/**
 * Reads the stage and the progress of a change.
 * @param database any connection; it needs no rights beyond `select` on the package's tables, which every role has
 * @throws TableNotReadyError if the table does not exist
 */
export async function readStatus(database: Queryable, change: ColumnChange): Promise<Status> {
  const shape = await readTableShape(database, change);
  const backfill = await readBackfillProgress(database, change);
  const { names, form } = activeColumnOf(shape, change);
  return {
    change: changeNamesOf(change).change,
    stage: stageOf(shape, backfill),
    stages: stagesOf(change),
    activeColumn: names.join(', '),
    form,
    backfill,
  };
}
