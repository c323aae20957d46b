import { findAttachedObstacles, findObstaclesOfRulingColumn } from '../attachments/obstacles/obstacles.ts';
import type { Side } from '../sync/filled-column.ts';
import { type PhaseContext, refuseObstacles } from './phase.ts';

/**
 * Refuses a move if something depends on a column that can neither go over to the other one nor may go with it.
 * @param side the column that the move, or one that follows, drops
 * @throws PhaseRefusedError
 */
export async function refuseAttached(context: PhaseContext, phase: string, side: Side): Promise<void> {
  refuseObstacles(context, phase, await findAttachedObstacles(context.session, context.change, side));
}

/**
 * The same for the old column while it rules: its default must be the declared one, too.
 * @throws PhaseRefusedError
 */
export async function refuseOldColumn(context: PhaseContext, phase: string): Promise<void> {
  refuseObstacles(context, phase, await findObstaclesOfRulingColumn(context.session, context.change));
}
