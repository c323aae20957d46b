import { activeColumnOf } from '../follow/active-column.ts';
import { type BackfillProgress, readBackfillProgress } from '../backfill/plan/progress.ts';
import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { type LockHold, readLockHolds } from '../state/lock-holds.ts';
import { findPresences, type Presence } from '../follow/presence.ts';
import { readStage, type Stage } from './stage.ts';
import { readTableShape } from '../state/table-shape.ts';
import { findLockWaits, type LockWait } from './lock-waits.ts';
import { readTableCatalog, type TableCatalog } from './table-catalog.ts';
import { readTableSize, type TableSize } from './table-size.ts';

/** The state of a column change in the database. */
export interface Overview {
  readonly stage: Stage;
  /** The active column. */
  readonly activeColumn: string;
  readonly backfill: BackfillProgress | null;
  readonly catalog: TableCatalog;
  /** Null while the table is locked. */
  readonly size: TableSize | null;
  /** The live processes of the application, and the form that each uses. */
  readonly processes: readonly Presence[];
  readonly lockWaits: readonly LockWait[];
  readonly lockHolds: readonly LockHold[];
}

/**
 * Reads the overview in several queries, so its parts may differ by up to a second.
 * @param database see {@link openObserver}
 * @throws TableNotReadyError if the table does not exist
 */
export async function readOverview(database: Queryable, change: ChangedColumn): Promise<Overview> {
  return {
    stage: await readStage(database, change),
    activeColumn: activeColumnOf(await readTableShape(database, change), change).name,
    backfill: await readBackfillProgress(database, change),
    catalog: await readTableCatalog(database, change),
    size: await readTableSize(database, change),
    processes: await findPresences(database, change),
    lockWaits: await findLockWaits(database),
    lockHolds: await readLockHolds(database, change),
  };
}
