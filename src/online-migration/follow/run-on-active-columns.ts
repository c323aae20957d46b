import { mayBeMirrorName } from '../attachments/table-column.ts';
import { asDriverError, SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { type ActiveColumn, ColumnNotEnforcedError, FORMS } from './active-column.ts';

/**
 * SQLSTATEs after a change of the table's shape: undefined column, undefined table, datatype mismatch, "cached plan
 * must not change result type", and an `on conflict` without a matching unique index.
 */
const OUTDATED_SHAPE_CODES = new Set(['42703', '42P01', '42804', '0A000', '42P10']);

/** A follower of one change, as a unit of work uses it. */
export interface UnitFollower {
  /** The active column from the last reading; undefined before the first one. */
  readonly latest: ActiveColumn | undefined;
  /** Reads the active column again. */
  refresh(): Promise<ActiveColumn>;
  /** Marks a form as in use until the end of a unit of work. */
  use(form: ActiveColumn['form']): Disposable;
  /** Reports that a unit of work met a table of another shape. */
  emit(event: 'overtaken'): boolean;
}

/**
 * Runs a unit of work on the active columns of several changes. If one of the tables has another shape meanwhile, it runs again
 * from the start, on the columns that are active then.
 *
 * @param followers one for each change
 * @param unit receives the active columns in the same order; must throw the database's error unchanged, or as a cause
 * @param mayRunAgain asked before each further run; by default it always may
 * @returns the unit's result
 * @throws the unit's error: at once if a table's shape is not the cause, otherwise when the unit fails again on
 *   the same columns or has failed on every form; a unique violation or a deadlock that may belong to a column's other index,
 *   after the second failure
 */
export async function runOnActiveColumns<T>(
  followers: readonly UnitFollower[],
  unit: (active: readonly ActiveColumn[]) => Promise<T>,
  mayRunAgain: () => boolean = () => true,
): Promise<T> {
  let active = await activeColumns(followers);
  const mostRuns = 1 + (FORMS.length - 1) * followers.length;
  let runs = 1;
  let hasMetTwin = false;
  for (;;) {
    try {
      return await runOn(followers, active, unit);
    } catch (error) {
      if (!mayRunAgain()) throw error;
      if (!hasMetTwin && active.some((column) => mayBeOfTwinIndex(error, column))) {
        hasMetTwin = true;
        continue;
      }
      if (!isOutdatedShape(error) || runs === mostRuns) throw error;
      for (const follower of followers) follower.emit('overtaken');
      const failedOn = active;
      active = await Promise.all(followers.map((follower) => follower.refresh()));
      // Contract and rename may follow each other before a busy process starts its second run.
      if (runs > 1 && active.every(({ form }, index) => form === failedOn[index]!.form)) throw error;
      runs += 1;
    }
  }
}

function activeColumns(
  followers: readonly UnitFollower[],
): readonly ActiveColumn[] | Promise<readonly ActiveColumn[]> {
  const latest = followers.flatMap((follower) => follower.latest ?? []);
  return latest.length === followers.length
    ? latest
    : Promise.all(followers.map(async (follower) => follower.latest ?? follower.refresh()));
}

async function runOn<T>(
  followers: readonly UnitFollower[],
  active: readonly ActiveColumn[],
  unit: (active: readonly ActiveColumn[]) => Promise<T>,
): Promise<T> {
  const uses = followers.map((follower, index) => follower.use(active[index]!.form));
  try {
    return await unit(active);
  } finally {
    for (const use of uses) use[Symbol.dispose]();
  }
}

/** Whether a unit of work failed because a table has another shape than it assumed. */
export function isOutdatedShape(error: unknown): boolean {
  return (
    asDriverError(error) instanceof ColumnNotEnforcedError || OUTDATED_SHAPE_CODES.has(sqlState(error) ?? '')
  );
}

/**
 * Whether an error may come from a column that has two unique indexes meanwhile.
 *
 * - A unique violation of the copy of the active column's index. The copy has a name of the package. On the new column the copy is
 *   active, and its original has an ordinary name.
 * - A deadlock: two upserts of one new row have each written to one of the indexes, and wait for each other at the other one.
 */
function mayBeOfTwinIndex(error: unknown, { form }: ActiveColumn): boolean {
  if (sqlState(error) === SQLSTATE.deadlockDetected) return form !== 'renamed';
  if (sqlState(error) !== SQLSTATE.uniqueViolation) return false;
  const constraint = asDriverError(error)?.constraint;
  return form === 'new' || (constraint !== undefined && mayBeMirrorName(constraint));
}
