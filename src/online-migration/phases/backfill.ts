import { finishBackfill } from '../backfill/plan/checkpoint.ts';
import { forwardFill } from '../backfill/plan/fill.ts';
import { changeNamesOf } from '../change/names.ts';
import { fillAndReport } from './fill-and-report.ts';
import { createNewColumnIndexes } from './new-column-index.ts';
import { narrowTriggers } from './narrow-triggers.ts';
import { type PhaseContext, requireStage } from './phase.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';
import { requireServerVersion } from './server-version.ts';
import { bringUpToDate, requireSyncTriggers } from './sync-guard.ts';

/**
 * Backfill: fills the new column of every row that is older than the sync trigger, in short transactions.
 *
 * 1. Refuse if the sync trigger is missing or does not fire, because rows written in the meantime would not be
 *    filled. Refuse inside a transaction, because no batch would be committed before the last one. Update the
 *    functions from the declaration.
 * 2. Fill range by range. An interrupted run continues.
 * 3. Create the index of the new column, if the declaration asks for one, without blocking reads and writes.
 * 4. ONE transaction: mark the backfill as finished and write the ledger. Rows left unfilled are rejects.
 */
export async function backfill(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  refuseTransaction(context);
  await requireServerVersion(context);
  await requireStage(context, 'backfill', 'expanded', 'backfilled');
  await requireSyncTriggers(context, 'backfill');
  await bringUpToDate(context, 'backfill', 'lenient');
  await narrowTriggers(context, 'backfill');
  const fill = forwardFill(change);
  await fillAndReport(context, fill);
  await createNewColumnIndexes(context);
  await session.transaction(async () => {
    await finishBackfill(session, fill);
    await context.recordInLedger();
  });
}

function refuseTransaction(context: PhaseContext): void {
  const { session, change } = context;
  if (!session.inTransaction) return;
  throw new PhaseRefusedError(
    'INSIDE_TRANSACTION',
    `Cannot backfill ${changeNamesOf(change).change} inside a transaction: it would hold the locks of every row until the end. ` +
      `Run it outside of one; in MikroORM's configuration, set \`migrations.allOrNothing\` to false.`,
    phaseDetails(context, 'backfill'),
  );
}
