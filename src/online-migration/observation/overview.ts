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

/** What a person who watches a column change wants to see, as the database tells it. */
export interface Overview {
  readonly stage: Stage;
  /** The column that the application is to use now. */
  readonly activeColumn: string;
  readonly backfill: BackfillProgress | null;
  readonly catalog: TableCatalog;
  /** Null while the table is locked. */
  readonly size: TableSize | null;
  /** The live processes of the application, and the mapping that each uses. */
  readonly processes: readonly Presence[];
  readonly lockWaits: readonly LockWait[];
  readonly lockHolds: readonly LockHold[];
}

/**
 * Reads the overview, a part after the other: they are of one second and not of one instant.
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
