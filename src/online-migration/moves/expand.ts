import { dependentObstacles } from '../attachments/dependent-obstacles.ts';
import { planMirrorDrop, runPlan } from '../attachments/handover.ts';
import { findObstacles } from '../attachments/obstacles.ts';
import { columnAt } from '../attachments/table-column.ts';
import { deleteBackfill } from '../backfill/checkpoint.ts';
import {
  createBookkeeping,
  deleteRecords,
  dropBookkeeping,
  dropEmptySchema,
  registerChange,
} from '../bookkeeping.ts';
import {
  createBackwardFunction,
  createForwardFunctions,
  dropConversionFunctions,
} from '../conversion-functions.ts';
import { namesOf } from '../names.ts';
import {
  areSyncTriggersEnabled,
  createSyncFunction,
  createSyncTriggers,
  dropSyncTriggers,
} from '../sync-trigger.ts';
import { inStrongTransaction, type MoveContext, requireStage } from './move.ts';
import { refuseObstacles } from './refuse-obstacles.ts';
import { requireServerVersion } from './server-version.ts';

/**
 * Expand: the new column beside the old one, and the sync trigger, in ONE transaction.
 *
 * 1. Refuse where something hangs on the column that could not go over, or the declaration does not fit the table.
 * 2. The toolkit's tables, the conversion functions, the trigger function: no lock on the table.
 * 3. ACCESS EXCLUSIVE: add the column, nullable and without a default (catalog only), and create the triggers. Were the
 *    triggers made in a second transaction, writes between the two would never reach the new column.
 */
export async function expand(context: MoveContext): Promise<void> {
  const { session, change } = context;
  const { table, newColumn } = namesOf(change);
  await requireServerVersion(context);
  // A column of the new one's name that is not this change's own looks like the stage behind this move.
  if (!(await areSyncTriggersEnabled(session, change))) {
    refuseObstacles(context, 'change', await findObstacles(session, change));
  }
  await requireStage(context, 'expand', 'initial');
  await inStrongTransaction(context, 'expand', {
    before: async () => {
      await createBookkeeping(session);
      await registerChange(session, change);
      // A table that was dropped during a change leaves its backfill behind, which would look like a later stage.
      await deleteBackfill(session, namesOf(change).change);
      await createForwardFunctions(session, change);
      await createBackwardFunction(session, change);
      await createSyncFunction(session, change, 'lenient');
    },
    locked: async () => {
      await session.query(`alter table ${table} add column ${newColumn} ${change.newColumn.type}`);
      await createSyncTriggers(session, change, 'old');
      await context.recordInLedger();
    },
  });
}

/**
 * The way back of expand: triggers, functions and new column go in ONE transaction. Were the column dropped in a second
 * one, a trigger that still writes it would fail every write between the two. A view or a check on the new column is not the
 * toolkit's to drop.
 */
export async function revertExpand(context: MoveContext): Promise<void> {
  const { session, change } = context;
  const { table, newColumn } = namesOf(change);
  await requireStage(context, 'revert the expand of', 'expanded', 'backfilled');
  // Ahead of the lock, since there can be many; none counts before the next contract.
  await session.withoutStatementTimeout(() => deleteRecords(session, change));
  await inStrongTransaction(context, 'revert expand', {
    before: async () => {
      refuseObstacles(
        context,
        'revert the expand of',
        await dependentObstacles(session, change, columnAt(change, 'new')),
      );
      await dropBookkeeping(session, change);
    },
    plan: () => planMirrorDrop(session, change, 'new'),
    locked: async (plan) => {
      await dropSyncTriggers(session, change);
      await runPlan(session, plan);
      await session.query(`alter table ${table} drop column ${newColumn}`);
      await dropConversionFunctions(session, change);
      await dropEmptySchema(session);
      await context.recordInLedger();
    },
  });
}
