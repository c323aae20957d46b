import type { Migration } from '@mikro-orm/migrations';
import { type MigrationPlan, planMigration, withoutOtherSteps } from '../ordinary/plan-migration.ts';
import type { MadeHere } from '../ordinary/planning/made-here.ts';
import type { Part } from '../ordinary/parts.ts';
import type { Session } from '../postgres/session.ts';
import { ColumnMigration } from './column-migration.ts';
import type { OrdinaryMode } from './runner-resources.ts';
import { collectStatements, isAsWritten } from './ordinary-migration.ts';

/** A migration that has not run, and the way in which it will. */
export interface PendingMigration {
  /** Its name in the ledger. */
  readonly migration: string;
  /** Its steps; null for a phase of a column change, and for one that runs as MikroORM runs it. */
  readonly plan: MigrationPlan | null;
  /** The reason for which there are no steps. */
  readonly runsAs: 'steps' | 'phase' | 'as written' | 'sends statements itself' | 'not known yet';
  /** The migration's error, if its statements are not known yet: it may read a table that an earlier one makes. */
  readonly error?: string;
}

/**
 * Plans a migration, and changes nothing.
 * @param session with the role's own settings
 * @param made the effects of the migrations before; those of this one are noted there
 */
export async function planOf(
  migration: Migration,
  session: Session,
  ordinary: OrdinaryMode,
  made: MadeHere,
): Promise<Omit<PendingMigration, 'migration'>> {
  if (migration instanceof ColumnMigration) return { plan: null, runsAs: 'phase' };
  if (ordinary === 'off' || isAsWritten(migration)) return { plan: null, runsAs: 'as written' };
  let statements: Part[] | null;
  try {
    statements = await collectStatements(migration, 'up');
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { plan: null, runsAs: 'not known yet', error: message };
  }
  if (statements === null) return { plan: null, runsAs: 'sends statements itself' };
  return { plan: asMode(ordinary, await planMigration(session, statements, made)), runsAs: 'steps' };
}

function asMode(mode: OrdinaryMode, plan: MigrationPlan): MigrationPlan {
  return mode === 'check' ? withoutOtherSteps(plan) : plan;
}
