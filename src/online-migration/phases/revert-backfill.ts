import { deleteBackfill } from '../backfill/plan/checkpoint.ts';
import { dropQueueInUse } from '../backfill/plan/queue-schema.ts';
import { changeNamesOf } from '../change/names.ts';
import { takeHalfMadeEnforceBack } from './enforce.ts';
import { narrowTriggers } from './narrow-triggers.ts';
import { type PhaseContext, requireStage } from './phase.ts';

/**
 * Reverts backfill: the values remain.
 *
 * 1. If an enforce was interrupted, remove its check. If one was reverted, let triggers fire for the old column alone. If
 *    a backfill was interrupted, remove its queue.
 * 2. ONE transaction: delete the checkpoint and write the ledger.
 */
export async function revertBackfill(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  await requireStage(context, 'revert the backfill of', 'expanded', 'backfilled');
  await takeHalfMadeEnforceBack(context);
  await narrowTriggers(context, 'revert backfill');
  await dropQueueInUse(session);
  await session.transaction(async () => {
    await deleteBackfill(session, changeNamesOf(change).change);
    await context.recordInLedger();
  });
}
