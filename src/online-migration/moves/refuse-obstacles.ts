import { findAttachedObstacles, findObstaclesOfRulingColumn } from '../attachments/obstacles.ts';
import type { Side } from '../filled-column.ts';
import { namesOf } from '../names.ts';
import { type MoveContext, MoveRefusedError } from './move.ts';

/**
 * Refuses a move that obstacles are in the way of.
 * @param move the move's name, for the error
 * @param obstacles a sentence each
 * @throws MoveRefusedError if there are any
 */
export function refuseObstacles({ change }: MoveContext, move: string, obstacles: readonly string[]): void {
  if (obstacles.length === 0) return;
  throw new MoveRefusedError(
    `Cannot ${move} ${namesOf(change).change}; nothing was changed:\n${obstacles.map((reason) => `  ${reason}`).join('\n')}`,
  );
}

/**
 * Refuses a move where something hangs on a column that can neither go over to the other one nor may go with it.
 * @param side the column that the move, or one that follows, drops
 * @throws MoveRefusedError
 */
export async function refuseAttached(context: MoveContext, move: string, side: Side): Promise<void> {
  refuseObstacles(context, move, await findAttachedObstacles(context.session, context.change, side));
}

/**
 * The same for the old column while it rules: its default must be the declared one, too.
 * @throws MoveRefusedError
 */
export async function refuseOldColumn(context: MoveContext, move: string): Promise<void> {
  refuseObstacles(context, move, await findObstaclesOfRulingColumn(context.session, context.change));
}
