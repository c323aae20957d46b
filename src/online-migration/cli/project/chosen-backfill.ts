import { readFillNames } from '../../backfill/plan/progress.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { changeNamesOf } from '../../change/names.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { type Choice, chosenChange } from './chosen-change.ts';

/** The backfill that a person means. */
export interface ChosenBackfill {
  /** Of the change, or of the migration that fills a table. */
  readonly name: string;
  /** Null for a fill. */
  readonly change: ColumnChange | null;
}

/**
 * Finds the backfill for a command: that of the named change, or the fill of the named migration. Without a name it is the fill that is
 * under way, or that of the only change.
 *
 * @param name of the change or of the migration
 * @throws OnlineMigrationError as for a change, if neither is found
 */
export async function chosenBackfill(
  database: Queryable,
  name: string | undefined,
  choice: Choice,
): Promise<ChosenBackfill> {
  const fills = await readFillNames(database);
  const [only, ...others] = name === undefined ? fills : fills.filter((fill) => fill === name);
  if (only !== undefined && others.length === 0) return { name: only, change: null };
  const change = chosenChange(name, choice);
  return { name: changeNamesOf(change).change, change };
}
