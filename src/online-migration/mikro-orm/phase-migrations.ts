import type { Migration } from '@mikro-orm/migrations';
import { namesOf } from '../change/names.ts';
import { backfill } from '../phases/backfill.ts';
import { contract } from '../phases/contract.ts';
import { enforce } from '../phases/enforce.ts';
import { expand } from '../phases/expand.ts';
import { MoveRefusedError } from '../phases/phase.ts';
import { rename } from '../phases/rename.ts';
import { readStage, STAGES } from '../phases/stage.ts';
import type { Session } from '../postgres/session.ts';
import { otherLedgerObstacles, PHASES, type PhaseName } from '../state/phase-ledger.ts';
import { newerStepObstacles } from '../state/schema-step.ts';
import { TableNotReadyError } from '../state/table-shape.ts';
import { type CarriedOut, type Move, OnlineMigration } from './column-migration.ts';

/*
 * The commands that write MikroORM's ledger without running a migration, for migrations that are phases of a column change. The
 * ledger must not say anything else than the database.
 */

const NAMES = new Map<Move, PhaseName>([
  [expand, 'expand'],
  [backfill, 'backfill'],
  [enforce, 'enforce'],
  [contract, 'contract'],
  [rename, 'rename'],
]);

/** A phase that a migration carries out. */
interface PhaseOfChange extends CarriedOut {
  readonly phase: PhaseName;
}

/** The phases that a migration carries out; none if it is an ordinary one. */
export async function phasesOf(migration: Migration): Promise<PhaseOfChange[]> {
  if (!(migration instanceof OnlineMigration)) return [];
  const carriedOut = await migration.inspect();
  return carriedOut.flatMap((found) => {
    const phase = NAMES.get(found.move);
    return phase === undefined ? [] : [{ ...found, phase }];
  });
}

/**
 * Refuses to record a phase as applied that the database does not have.
 * @param name of the migration
 * @throws MoveRefusedError
 */
export async function refuseToLog(
  session: Session,
  name: string,
  phases: readonly PhaseOfChange[],
): Promise<void> {
  for (const { change, phase } of phases) {
    await refuseNewerStep(session, `log ${name}`);
    const { place, isReached } = await readPosition(session, change, phase);
    if (!isReached) {
      throw new MoveRefusedError(
        `Cannot log ${name}; nothing was changed: it is the ${phase} of ${namesOf(change).change}, and the database ` +
          `${place}. Run it instead: \`npx mikro-orm migration:up --to ${name}\`.`,
      );
    }
    const [other] = await otherLedgerObstacles(session, change, 'mikro-orm');
    if (other !== undefined) throw new MoveRefusedError(`Cannot log ${name}; nothing was changed: ${other}`);
  }
}

/**
 * Refuses to record a phase as reverted that the database still has.
 * @param name of the migration
 * @throws MoveRefusedError
 */
export async function refuseToUnlog(
  session: Session,
  name: string,
  phases: readonly PhaseOfChange[],
): Promise<void> {
  for (const { change, phase } of phases) {
    await refuseNewerStep(session, `unlog ${name}`);
    const { place, isReached } = await readPosition(session, change, phase);
    const isElsewhere = (await otherLedgerObstacles(session, change, 'mikro-orm')).length > 0;
    if (!isReached || isElsewhere) continue;
    throw new MoveRefusedError(
      `Cannot unlog ${name}; nothing was changed: it is the ${phase} of ${namesOf(change).change}, and the database ` +
        `${place}. Revert it instead, with those behind it: \`npx mikro-orm migration:down\`.`,
    );
  }
}

/** Where the database stands; a change without its table is before the first phase. */
async function readPosition(
  session: Session,
  change: PhaseOfChange['change'],
  phase: PhaseName,
): Promise<{ place: string; isReached: boolean }> {
  try {
    const stage = await readStage(session, change);
    return { place: `is at the stage ${stage}`, isReached: STAGES.indexOf(stage) > PHASES.indexOf(phase) };
  } catch (error) {
    if (!(error instanceof TableNotReadyError)) throw error;
    return { place: 'does not have the table', isReached: false };
  }
}

async function refuseNewerStep(session: Session, purpose: string): Promise<void> {
  const [newer] = await newerStepObstacles(session);
  if (newer !== undefined) throw new MoveRefusedError(`Cannot ${purpose}; nothing was changed: ${newer}`);
}
