import type { ClientConfig } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import type { OnlineMigrationListener } from '../change/events.ts';
import type { Obstacle } from '../change/obstacle.ts';
import type { Stage } from '../observation/stage.ts';
import type { ColumnValues } from './value-classes-batch.ts';

/** Options of {@link preflight}. */
export interface PreflightOptions {
  /** The database: a URL, or an object that `pg` accepts. */
  readonly connection: string | ClientConfig;
  /** Receives an event after each batch of values. If it throws, the check continues. */
  readonly onEvent?: OnlineMigrationListener;
  /** Ends the check between two batches. */
  readonly signal?: AbortSignal;
}

/** The result of a preflight. */
export interface PreflightResult {
  readonly stage: Stage;
  /** Reasons for which the change would be refused. */
  readonly obstacles: readonly Obstacle[];
  /**
   * The values of the old columns, grouped by the effect of the change. Empty if they were not checked, or if the old
   * columns are dropped.
   */
  readonly values: readonly ColumnValues[];
  /** Whether the values were checked; false if an obstacle makes that impossible. */
  readonly areValuesChecked: boolean;
  /** Risks that only a person can judge, a sentence each. */
  readonly checklist: readonly string[];
  /** Whether the change can run: no obstacles, and no value without a faithful new value. */
  readonly isReady: boolean;
}

/**
 * Checks a change before or during its phases. It writes nothing and needs no object of the package.
 *
 * 1. Obstacles: objects on the columns or the table that cannot be carried over.
 * 2. Values: converts and compares every value of the old columns, in batches of about a second. Each row is read once
 *    for all columns. A rename has none.
 * 3. Risks that the catalog does not show.
 */
export async function preflight(change: ColumnChange, options: PreflightOptions): Promise<PreflightResult> {
  // A process that only imports the package does without the checks.
  const { checkReadiness } = await import('./check-readiness.ts');
  return checkReadiness(change, options);
}
