import type { MigrationPlan } from '../ordinary/plan-migration.ts';

/** A migration that has not run, and the way in which it will. */
export interface PendingMigration {
  /** Its name in the ledger. */
  readonly migration: string;
  /** Its steps; null for a phase of a column change, and for one that runs as MikroORM runs it. */
  readonly plan: MigrationPlan | null;
  /** The reason for which there are no steps. */
  readonly runsAs: 'steps' | 'phase' | 'as written' | 'sends statements itself';
}
