import { type BackfillProgress, readFillNames, readProgressOf } from '../backfill/plan/progress.ts';
import { isLeft } from '../backfill/unfinished.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { readControls } from '../state/backfill-controls.ts';

/** The fill of an ordinary migration that is under way. */
export interface FillStatus {
  /** The name of the migration. */
  readonly migration: string;
  readonly progress: BackfillProgress;
  /** Whether a person has paused it. */
  readonly isPaused: boolean;
  /** No process works on it: it was killed, or interrupted. */
  readonly isAbandoned: boolean;
}

/** Reads the fills that are under way or were interrupted. A fill that has ended leaves nothing. */
export async function readFills(database: Queryable): Promise<FillStatus[]> {
  const fills: FillStatus[] = [];
  for (const migration of await readFillNames(database)) {
    const progress = await readProgressOf(database, migration);
    if (progress === null) continue;
    const { paused: isPaused } = await readControls(database, migration);
    fills.push({ migration, progress, isPaused, isAbandoned: await isLeft(database, progress) });
  }
  return fills;
}
