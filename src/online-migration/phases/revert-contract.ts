import { planDefaultKeys } from '../attachments/default-keys.ts';
import { joined, planPrivileges, planValueHandover } from '../attachments/handover.ts';
import { planPublications } from '../attachments/publications.ts';
import { notNullExchange } from '../attachments/not-null-name.ts';
import { planTriggers } from '../attachments/triggers/plan-triggers.ts';
import { mirrorAttachments } from './mirror-attachments.ts';
import { finishBackfill } from '../backfill/plan/checkpoint.ts';
import { planBackfill } from '../backfill/plan/plan.ts';
import { backwardFill } from '../backfill/plan/fill.ts';
import { requireTriggerPlan } from '../backfill/batch/firing-triggers.ts';
import { findLeaves } from '../postgres/partition-tree.ts';
import { createBackwardFunction, createForwardFunctions } from '../sync/conversion-functions.ts';
import {
  declareFilled,
  declareFilling,
  planFilledChecks,
  validateFilledChecks,
} from '../sync/filled-column.ts';
import { changeNamesOf, namesOf } from '../change/names.ts';
import { recordChange } from '../state/change-record.ts';
import { asTableOwner } from '../state/owner.ts';
import { createState } from '../state/tables.ts';
import { planOf } from '../postgres/exclusive-lock.ts';
import { recordSyncTriggers } from '../sync/sync-state.ts';
import { createSyncFunction, createSyncTriggers } from '../sync/sync-trigger.ts';
import { readTableShape } from '../state/table-shape.ts';
import { fillAndReport } from './fill-and-report.ts';
import { inExclusiveTransaction, type PhaseContext, refuseOneWay, requireStage } from './phase.ts';
import { refuseAttached } from './refuse-attached.ts';
import { bringUpToDate, requireSyncTriggers } from './sync-guard.ts';
import { refuseNumbersBeyond, refuseUnfilled, refuseWithoutEqual } from './refuse-without-equal.ts';
import { refuseLostValues, reportUnusedKeptValues } from './kept-values.ts';
import { awaitSwitchover } from './await-switchover.ts';
import { prepareState } from './prepare-state.ts';

/**
 * Reverts contract: restores the old columns, with every value byte-identical.
 *
 * 1. Refuse if a value or the next number has no equal in the old type. Wait until no live process uses the new
 *    column under the old column's name.
 * 2. ONE transaction under ACCESS EXCLUSIVE: add the old column, nullable, and the trigger on both columns.
 * 3. Fill the old column in short transactions, from the kept values or else from the new column. An interrupted run
 *    continues.
 * 4. Create the indexes and foreign keys of the new column on the old one, without blocking reads and writes.
 * 5. Add the not-null check and validate it, without blocking reads and writes.
 * 6. ONE transaction under ACCESS EXCLUSIVE: set NOT NULL, drop the check, and hand the name of the NOT NULL, the
 *    default or the numbering over to the old column, with the foreign keys that set the default. Let triggers of the
 *    new column fire for both.
 */
export async function revertContract(context: PhaseContext): Promise<void> {
  const { session, change, columns } = context;
  const { table } = changeNamesOf(change);
  await requireStage(context, 'revert the contract of', 'contracted');
  refuseOneWay(context, 'revert the contract of');
  await refuseAttached(context, 'revert the contract of', 'new');
  await prepareState(context, 'revert the contract of');
  await refuseLostValues(context);
  await session.transaction(async () => {
    await createState(session, change);
    await recordChange(session, change, context.ledger);
  });
  const fill = await backwardFill(session, change);
  await requireTriggerPlan(session, fill);
  const leaves = await findLeaves(session, table);
  const { oldColumn } = await readTableShape(session, change);
  if (oldColumn === null) {
    await refuseWithoutEqual(context, fill);
    await awaitSwitchover(context, 'revert the contract of', 'renamed', context.settings.switchoverWaitMs);
    await inExclusiveTransaction(context, 'revert contract: add the old column', {
      before: async () => {
        await asTableOwner(session, change, async () => {
          for (const column of columns) {
            await createForwardFunctions(session, column);
            await createBackwardFunction(session, column);
            await createSyncFunction(session, column, 'filling');
          }
        });
        await planBackfill(session, fill, leaves);
      },
      plan: async () => {
        const added = columns.map(
          (column) => `add column ${namesOf(column).oldColumn} ${column.oldColumn.type}`,
        );
        return joined(
          planOf(`alter table ${table} ${added.join(', ')}`),
          await planPrivileges(session, change, 'new'),
          await planPublications(session, change, 'new', { lists: 'beside' }),
          planOf(
            ...columns.flatMap((column) => [
              ...declareFilling(column),
              ...createSyncTriggers(column, 'both'),
            ]),
          ),
        );
      },
      last: () => recordSyncTriggers(session, change),
    });
  }
  await requireSyncTriggers(context, 'revert the contract of');
  await bringUpToDate(context, 'revert the contract of', 'filling');
  await fillAndReport(context, fill);
  await reportUnusedKeptValues(context);
  await refuseUnfilled(context);
  await mirrorAttachments(context, 'revert contract', 'new');
  await inExclusiveTransaction(context, 'revert contract: add the not-null check', {
    plan: () => planFilledChecks(session, change, 'old'),
  });
  await validateFilledChecks(session, change);
  await inExclusiveTransaction(context, 'revert contract: set not null', {
    before: async () => {
      await refuseNumbersBeyond(context);
      for (const column of columns) await createSyncFunction(session, column, 'strict');
    },
    plan: async () => {
      const statements: string[] = [];
      for (const column of columns) statements.push(...(await notNullExchange(session, column, 'new')));
      // An identity needs the NOT NULL.
      statements.push(...columns.flatMap((column) => declareFilled(column, 'old')));
      return joined(
        planOf(...statements),
        await planValueHandover(session, change, 'new'),
        await planDefaultKeys(session, change),
        await planTriggers(session, change, { lists: 'both' }),
      );
    },
    last: async () => {
      await finishBackfill(session, fill);
      await context.recordInLedger();
    },
  });
}
