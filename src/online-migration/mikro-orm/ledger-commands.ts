import type { Migration } from '@mikro-orm/migrations';
import type { ColumnChange } from '../change/column-change.ts';
import { assertDeclaration } from '../change/declaration-check.ts';
import { changeNamesOf } from '../change/names.ts';
import type { PhaseName } from '../change/phase-name.ts';
import { readStage, STAGES } from '../observation/stage.ts';
import { PhaseRefusedError } from '../phases/phase-refused-error.ts';
import { phaseOf } from '../phases/phases.ts';
import type { Session } from '../postgres/session.ts';
import { otherLedgerObstacles } from '../state/phase-ledger.ts';
import { newerStepObstacles } from '../state/schema-step.ts';
import { TableNotReadyError } from '../state/shape-errors.ts';
import { ColumnMigration } from './column-migration.ts';

/*
 * The commands that write MikroORM's ledger without running a migration, for migrations that are phases of a column
 * change. The ledger must match the database.
 */

/**
 * Refuses to record a phase as applied if the database does not have it.
 * @param name of the migration
 * @throws PhaseRefusedError
 */
export async function refuseToLog(session: Session, name: string, migration: Migration): Promise<void> {
  if (!(migration instanceof ColumnMigration)) return;
  const { change, phase } = declaredPhase(migration);
  await refuseNewerStep(session, `log ${name}`);
  const { place, isApplied } = await readPosition(session, change, phase);
  if (!isApplied) {
    throw new PhaseRefusedError(
      'PHASE_NOT_REACHED',
      `Cannot log ${name}; nothing was changed: it is the ${phase} of ${changeNamesOf(change).change}, and the database ` +
        `${place}. Run it instead: \`npx mikro-orm migration:up --to ${name}\`.`,
      { migration: name, phase },
    );
  }
  const [other] = await otherLedgerObstacles(session, change, 'mikro-orm');
  if (other === undefined) return;
  throw new PhaseRefusedError('LEDGER_REFUSED', `Cannot log ${name}; nothing was changed: ${other.message}`, {
    obstacle: other,
  });
}

/**
 * Refuses to record a phase as reverted if the database still has it.
 * @param name of the migration
 * @throws PhaseRefusedError
 */
export async function refuseToUnlog(session: Session, name: string, migration: Migration): Promise<void> {
  if (!(migration instanceof ColumnMigration)) return;
  const { change, phase } = declaredPhase(migration);
  await refuseNewerStep(session, `unlog ${name}`);
  const { place, isReverted } = await readPosition(session, change, phase);
  const isElsewhere = (await otherLedgerObstacles(session, change, 'mikro-orm')).length > 0;
  if (isReverted || isElsewhere) return;
  throw new PhaseRefusedError(
    'PHASE_REACHED',
    `Cannot unlog ${name}; nothing was changed: it is the ${phase} of ${changeNamesOf(change).change}, and the database ` +
      `${place}. Revert it instead, with those behind it: \`npx mikro-orm migration:down\`.`,
    { migration: name, phase },
  );
}

function declaredPhase({ change, phase }: ColumnMigration): { change: ColumnChange; phase: PhaseName } {
  assertDeclaration(change);
  return { change, phase: phase.name };
}

/** Reads the stage; a change without its table is before the first phase. */
async function readPosition(
  session: Session,
  change: ColumnChange,
  phase: PhaseName,
): Promise<{ place: string; isApplied: boolean; isReverted: boolean }> {
  const { from, to } = phaseOf(change, phase);
  try {
    const stage = await readStage(session, change);
    const place = STAGES.indexOf(stage);
    return {
      place: `is at the stage ${stage}`,
      isApplied: place >= STAGES.indexOf(to),
      isReverted: place <= STAGES.indexOf(from),
    };
  } catch (error) {
    if (!(error instanceof TableNotReadyError)) throw error;
    return { place: 'does not have the table', isApplied: false, isReverted: true };
  }
}

async function refuseNewerStep(session: Session, purpose: string): Promise<void> {
  const [newer] = await newerStepObstacles(session);
  if (newer === undefined) return;
  throw new PhaseRefusedError('LEDGER_REFUSED', `Cannot ${purpose}; nothing was changed: ${newer.message}`, {
    obstacle: newer,
  });
}
