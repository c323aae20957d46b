import { deleteBackfill, finishBackfill } from '../backfill/plan/checkpoint.ts';
import { forwardFill } from '../backfill/plan/fill.ts';
import { dropQueueInUse } from '../backfill/plan/queue-schema.ts';
import { namesOf } from '../change/names.ts';
import { takeHalfMadeEnforceBack } from './enforce.ts';
import { fillAndReport } from './fill-and-report.ts';
import { createNewColumnIndex } from './new-column-index.ts';
import { phaseDetails, PhaseRefusedError, type PhaseContext, requireStage } from './phase.ts';
import { requireServerVersion } from './server-version.ts';
import { bringUpToDate, requireSyncTriggers } from './sync-guard.ts';

/**
 * Backfill: the new column of every row that was there before the sync trigger, in short transactions.
 *
 * 1. Refuse if the sync trigger is missing or does not fire: rows written meanwhile would stay behind. Refuse inside a
 *    transaction: no batch would be committed before the last. Bring the functions up to the declaration.
 * 2. Fill range by range; a run that was ended goes on where it stopped.
 * 3. The index of the new column, where the declaration asks for one, beside reads and writes.
 * 4. ONE transaction: the backfill is finished, and the ledger says so. What is left unfilled are rejects.
 */
export async function backfill(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  refuseTransaction(context);
  await requireServerVersion(context);
  await requireStage(context, 'backfill', 'expanded', 'backfilled');
  await requireSyncTriggers(context, 'backfill');
  await bringUpToDate(context, 'backfill', 'lenient');
  const fill = forwardFill(change);
  await fillAndReport(context, fill);
  await createNewColumnIndex(context);
  await session.transaction(async () => {
    await finishBackfill(session, fill);
    await context.recordInLedger();
  });
}

/**
 * The way back of backfill: the values stay where they are.
 *
 * 1. Where an enforce was ended half-way, take its check back; where a backfill was, its queue.
 * 2. ONE transaction: the checkpoint goes, and the ledger says so.
 */
export async function revertBackfill(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  await requireStage(context, 'revert the backfill of', 'expanded', 'backfilled');
  await takeHalfMadeEnforceBack(context);
  await dropQueueInUse(session);
  await session.transaction(async () => {
    await deleteBackfill(session, namesOf(change).change);
    await context.recordInLedger();
  });
}

function refuseTransaction(context: PhaseContext): void {
  const { session, change } = context;
  if (!session.inTransaction) return;
  throw new PhaseRefusedError(
    'INSIDE_TRANSACTION',
    `Cannot backfill ${namesOf(change).change} inside a transaction: it would hold the locks of every row until the end. ` +
      `Run it outside of one; in MikroORM's configuration, set \`migrations.allOrNothing\` to false.`,
    phaseDetails(context, 'backfill'),
  );
}
