import type { ColumnChange } from '../change/column-change.ts';
import { changedColumnsOf } from '../change/changed-column.ts';
import { namesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { isMigratorLockHeld } from '../state/migrator-lock.ts';
import { countRecordedRejects } from '../state/recorded-rejects.ts';
import type { BackfillProgress } from './plan/progress.ts';
import { findWorkerProcesses } from './plan/worker-name.ts';

/** The work that a backfill has left for a person. */
export interface Unfinished {
  /** No process works on an unfinished backfill: it was killed, or interrupted. */
  readonly isAbandoned: boolean;
  /** Rows that did not convert and that enforce refuses; null if the role may not read them. */
  readonly rejects: number | null;
}

/** Reads the work that a backfill has left for a person. */
export async function readUnfinished(
  database: Queryable,
  change: ColumnChange,
  progress: BackfillProgress | null,
): Promise<Unfinished> {
  if (progress === null) return { isAbandoned: false, rejects: 0 };
  const { finished, direction } = progress;
  const isAbandoned = await isLeft(database, progress);
  const hasRejects = finished && direction === 'forward';
  const records = changedColumnsOf(change).map((column) => namesOf(column).record);
  return { isAbandoned, rejects: hasRejects ? await countRecordedRejects(database, records) : 0 };
}

/** Whether no process works on an unfinished backfill. */
export async function isLeft(database: Queryable, { finished }: BackfillProgress): Promise<boolean> {
  return (
    !finished && !(await isMigratorLockHeld(database)) && (await findWorkerProcesses(database)).length === 0
  );
}

/** The remedy of an abandoned backfill. */
export const ABANDONED = 'no process works on it: the command that began it continues it';
