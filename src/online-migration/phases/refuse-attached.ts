import { findAttachedObstacles, findObstaclesOfActiveColumn } from '../attachments/obstacles/obstacles.ts';
import type { Side } from '../sync/filled-column.ts';
import { type PhaseContext, refuseObstacles } from './phase.ts';

/**
 * Refuses a phase if an object that depends on a column can neither be carried over nor be dropped with it.
 * @param side the columns that this phase or a later one drops
 * @throws PhaseRefusedError
 */
export async function refuseAttached(context: PhaseContext, phase: string, side: Side): Promise<void> {
  refuseObstacles(context, phase, await findAttachedObstacles(context.session, context.change, side));
}

/**
 * Does the same for the old columns while they are active. Their defaults must also match the declaration.
 * @throws PhaseRefusedError
 */
export async function refuseOldColumn(context: PhaseContext, phase: string): Promise<void> {
  refuseObstacles(context, phase, await findObstaclesOfActiveColumn(context.session, context.change));
}
