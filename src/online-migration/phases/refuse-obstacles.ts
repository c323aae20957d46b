import { findAttachedObstacles, findObstaclesOfRulingColumn } from '../attachments/obstacles/obstacles.ts';
import type { Side } from '../sync/filled-column.ts';
import { type PhaseContext, refuseObstacles } from './phase.ts';

/**
 * Refuses a phase if an object that depends on a column can neither be carried over nor be dropped with it.
 * @param side the column that this phase or a later one drops
 * @throws PhaseRefusedError
 */
export async function refuseAttached(context: PhaseContext, phase: string, side: Side): Promise<void> {
  refuseObstacles(context, phase, await findAttachedObstacles(context.session, context.change, side));
}

/**
 * Does the same for the old column while it is active. Its default must also match the declaration.
 * @throws PhaseRefusedError
 */
export async function refuseOldColumn(context: PhaseContext, phase: string): Promise<void> {
  refuseObstacles(context, phase, await findObstaclesOfRulingColumn(context.session, context.change));
}
