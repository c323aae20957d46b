import type { ColumnChange } from '../change/column-change.ts';
import { findPresences, type Presence } from '../follow/presence.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { type LockHold, readLockHolds } from '../state/lock-holds.ts';
import { findLockWaits, type LockWait } from './lock-waits.ts';
import { readStatus, type Status } from './status.ts';
import { readTableCatalog, type TableCatalog } from './table-catalog.ts';
import { readTableSize, type TableSize } from './table-size.ts';

/** The status of a change, its table, and the activity of the database: for a person. */
export interface Overview extends Status {
  readonly catalog: TableCatalog;
  /** Null while the table is locked. */
  readonly size: TableSize | null;
  /** The live processes of the application, and the schema version that each uses. */
  readonly processes: readonly Presence[];
  readonly lockWaits: readonly LockWait[];
  readonly lockHolds: readonly LockHold[];
}

/**
 * Reads the overview in several queries, so its parts may differ by up to a second.
 * @param database see {@link openObserver}
 * @throws TableNotReadyError if the table does not exist
 */
export async function readOverview(database: Queryable, change: ColumnChange): Promise<Overview> {
  return {
    ...(await readStatus(database, change)),
    catalog: await readTableCatalog(database, change),
    size: await readTableSize(database, change),
    processes: await findPresences(database, change),
    lockWaits: await findLockWaits(database),
    lockHolds: await readLockHolds(database, change),
  };
}
