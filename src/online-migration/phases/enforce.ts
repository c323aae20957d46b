import { planMirrorDrop } from '../attachments/copy-drop.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { joined, planHandover } from '../attachments/handover.ts';
import { notNullExchange } from '../attachments/not-null-name.ts';
import { planPublications } from '../attachments/publications.ts';
import { viewObstacles } from '../attachments/obstacles/view-obstacles.ts';
import { planTriggers } from '../attachments/triggers/plan-triggers.ts';
import { planCopyDrop, planViews } from '../attachments/views/plan-views.ts';
import { readStoredViews, withoutCopy } from '../attachments/views/materialized-views.ts';
import { readViewsToCarry } from '../attachments/views/original-definitions.ts';
import { copyMaterializedViews } from './copy-materialized-views.ts';
import { mirrorAttachments } from './mirror-attachments.ts';
import { moveGeneratedColumns } from './move-generated-columns.ts';
import { prepareKeys, refuseUnpreparedKeys } from './prepare-keys.ts';
import { type ChangedColumn, hasWayBack, isReversible } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { dropKeepTriggers } from '../sync/keeping-trigger.ts';
import { namesOf } from '../change/names.ts';
import { describeRow } from '../change/row-key.ts';
import {
  declareFilled,
  dropFilledCheck,
  hasFilledCheck,
  planFilledChecks,
  validateFilledChecks,
  withdrawEnforced,
} from '../sync/filled-column.ts';
import { EMPTY_PLAN, type LockedPlan, planOf } from '../postgres/exclusive-lock.ts';
import { findRejects, forgetRejects, recordRejects, rejectQuery } from '../verify/rejects.ts';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { areSyncTriggersUnaltered, recordSyncTriggers } from '../sync/sync-state.ts';
import { createSyncFunction, createSyncTriggers, type SyncMode } from '../sync/sync-trigger.ts';
import { inExclusiveTransaction, type PhaseContext, refuseOneWay, requireStage } from './phase.ts';
import { refuseOldColumn } from './refuse-attached.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';
import { refuseDifferences } from './refuse-differences.ts';
import { restoreSyncTriggers } from './restore-sync-triggers.ts';
import { bringUpToDate, requireSyncTriggers } from './sync-guard.ts';

const NAMED_REJECTS = 10;

/**
 * Enforce: ensures that every row has each new value, and then syncs writes of the old and the new columns.
 *
 * 1. Refuse if an object that cannot be carried over was attached to the old column since expand. Update the
 *    functions from the declaration. Refuse if there are rejects, or rows whose columns differ: a sync trigger may
 *    have been disabled for a time. The columns are compared in short transactions, and the triggers must not be
 *    altered from here to 5.
 * 2. Create the indexes and foreign keys of the old column on the new one, without blocking reads and writes.
 * 3. ONE transaction under ACCESS EXCLUSIVE: add the not-null check, not validated; let the trigger reject
 *    unconvertible values.
 * 4. Validate the check under SHARE UPDATE EXCLUSIVE, without blocking reads and writes.
 * 5. ONE transaction under ACCESS EXCLUSIVE: set NOT NULL, drop the check, let the sync trigger watch both columns. Let
 *    triggers of the old column fire for both. After the commit, applications follow the new column.
 *
 * If the run ends between 3 and 5, the check and the strict trigger remain. If it ends after 2, the indexes remain; a
 * unique one rejects values that are equal in the new type. Running enforce again continues, and reverting the
 * backfill removes them.
 */
export async function enforce(context: PhaseContext): Promise<void> {
  const { session, change, columns } = context;
  await requireStage(context, 'enforce', 'backfilled');
  await refuseOldColumn(context, 'enforce');
  await bringUpToDate(context, 'enforce', (await hasFilledChecks(context)) ? 'strict' : 'lenient');
  const triggers = await requireSyncTriggers(context, 'enforce');
  const mayHaveRejects = await refuseDifferences(context, 'enforce', 'old');
  await (mayHaveRejects ? refuseRejects(context) : forgetRejects(session, change));
  await mirrorAttachments(context, 'enforce', 'old');
  await inExclusiveTransaction(context, 'enforce: add the not-null check', {
    before: () => createSyncFunctions(context, 'strict'),
    plan: () => planFilledChecks(session, change, 'new'),
  });
  try {
    await validateFilledChecks(session, change);
  } catch (error) {
    if (sqlState(error) !== SQLSTATE.checkViolation) throw error;
    await takeCheckBack(context);
    await refuseRejects(context);
    throw error;
  }
  await inExclusiveTransaction(context, 'enforce: set not null', {
    // Without the trigger on both columns, a write of the new one would not reach the old one.
    isDurable: true,
    before: async () => void (await requireSyncTriggers(context, 'enforce', { since: triggers })),
    // If the change is not reversible, the old column loses its NOT NULL here, not in contract.
    plan: async () => {
      const statements: string[] = [];
      for (const column of columns) {
        if (!isReversible(column)) statements.push(...(await notNullExchange(session, column, 'old')));
      }
      const ofColumns = columns.flatMap((column) => [
        ...declareFilled(column, 'new'),
        ...loosenOldColumn(column),
        ...createSyncTriggers(column, 'both'),
      ]);
      return joined(planOf(...statements), await planTriggersOfBoth(session, change), planOf(...ofColumns));
    },
    last: async () => {
      await recordSyncTriggers(session, change);
      await context.recordInLedger();
    },
  });
}

/**
 * Reverts enforce: applications follow the old column again. Until each has switched, some still write the new
 * column, so the trigger keeps watching both. If a revert of contract left the indexes, keys, views and conditions of
 * triggers on the new column, they are moved to the old one.
 */
export async function revertEnforce(context: PhaseContext): Promise<void> {
  const { session, change, columns } = context;
  await requireStage(context, 'revert the enforce of', 'enforced');
  refuseOneWay(context, 'revert the enforce of');
  await restoreSyncTriggers(context, 'revert the enforce of', 'revert enforce');
  const triggers = await requireSyncTriggers(context, 'revert the enforce of');
  await bringUpToDate(context, 'revert the enforce of', 'strict');
  if (!(await areSyncTriggersUnaltered(session, change))) {
    await refuseDifferences(context, 'revert the enforce of', 'new');
  }
  const canViewsReturn = (await viewObstacles(session, change, 'new')).length === 0;
  if (canViewsReturn) await copyMaterializedViews(context, 'revert enforce', 'new');
  await moveGeneratedColumns(context, 'revert enforce', 'new');
  await prepareKeys(context, 'revert enforce', 'new');
  await inExclusiveTransaction(context, 'revert enforce', {
    before: async () => {
      await requireSyncTriggers(context, 'revert the enforce of', { since: triggers });
      await refuseUnpreparedKeys(context, 'revert the enforce of', 'new');
      await createSyncFunctions(context, 'lenient');
    },
    plan: async () =>
      joined(
        planOf(...columns.flatMap((column) => dropKeepTriggers(column))),
        await planHandover(session, change, 'new'),
        await planPublications(session, change, 'new', { filters: true }),
        await planLeftCopies(session, change),
        // Until each application has switched, some still write the new column.
        await planTriggers(session, change, { lists: 'both', conditions: 'old' }),
        await planViewReturn(session, change),
        planOf(...columns.map((column) => withdrawEnforced(column))),
      ),
    last: () => context.recordInLedger(),
  });
}

/**
 * A view that cannot be moved was made in the meantime. It must not hold up the way back, and the revert of expand names
 * it.
 */
async function planViewReturn(database: Queryable, change: ColumnChange): Promise<LockedPlan> {
  const obstacles = await viewObstacles(database, change, 'new');
  const views = await readStoredViews(database, await readViewsToCarry(database, change, 'new'));
  if (obstacles.length > 0 || withoutCopy(views).length > 0) return EMPTY_PLAN;
  return planViews(database, change, 'new');
}

/**
 * Removes the check and the unique index of an interrupted enforce. They would reject values in stages that allow
 * them.
 */
export async function takeHalfMadeEnforceBack(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  const isHalfMade =
    (await hasFilledChecks(context)) || (await planLeftCopies(session, change)).statements.length > 0;
  if (isHalfMade) await takeCheckBack(context);
}

/** A row without a new value was written after the last check: let writes pass as before, then report the row. */
async function takeCheckBack(context: PhaseContext): Promise<void> {
  const { session, change, columns } = context;
  await inExclusiveTransaction(context, 'enforce: take the not-null check back', {
    before: () => createSyncFunctions(context, 'lenient'),
    plan: async () =>
      joined(
        planOf(...columns.map((column) => dropFilledCheck(column))),
        await planLeftCopies(session, change),
      ),
  });
}

/** Plans how all copies that the new columns have are dropped. */
export async function planLeftCopies(database: Queryable, change: ColumnChange): Promise<LockedPlan> {
  return joined(await planMirrorDrop(database, change, 'new'), await planCopyDrop(database, change, 'new'));
}

async function createSyncFunctions({ session, columns }: PhaseContext, mode: SyncMode): Promise<void> {
  for (const column of columns) await createSyncFunction(session, column, mode);
}

/** Whether an enforce was interrupted. One transaction adds the checks of all columns. */
function hasFilledChecks({ session, columns: [first] }: PhaseContext): Promise<boolean> {
  return hasFilledCheck(session, first);
}

/**
 * From enforce on, the application may write either column. A condition on an old column stays right until contract, unless
 * that column becomes null.
 */
function planTriggersOfBoth(database: Queryable, change: ColumnChange): Promise<LockedPlan> {
  return planTriggers(
    database,
    change,
    hasWayBack(change) ? { lists: 'both' } : { lists: 'both', conditions: 'new' },
  );
}

/** If a column is not reversible, a row written through the new column has no old value any more. */
function loosenOldColumn(change: ChangedColumn): string[] {
  if (isReversible(change)) return [];
  const { table, oldColumn } = namesOf(change);
  return [`alter table ${table} alter column ${oldColumn} drop not null`];
}

async function refuseRejects(context: PhaseContext): Promise<void> {
  for (const column of context.columns) await recordRejects(context.session, column);
  for (const column of context.columns) await refuseRejectsOf(context, column);
}

async function refuseRejectsOf(context: PhaseContext, change: ChangedColumn): Promise<void> {
  const { session } = context;
  const { change: name } = namesOf(change);
  const { total, first } = await findRejects(session, change, NAMED_REJECTS);
  if (total === 0) return;
  const list = first
    .map(({ key, rawValue }) => `  ${describeRow(change, key)}: ${JSON.stringify(rawValue)}`)
    .join('\n');
  throw new PhaseRefusedError(
    'REJECTS_LEFT',
    `Cannot enforce ${name}: ${total} rows have a value that ${change.newColumn.type} cannot take. The first are:\n` +
      `${list}\nAll of them: ${rejectQuery(change)}\nCorrect these values in ${change.oldColumn.name}, the sync trigger ` +
      `converts them at once, then run the same command again.`,
    {
      ...phaseDetails(context, 'enforce'),
      column: change.oldColumn.name,
      type: change.newColumn.type,
      total,
      keys: first.map(({ key }) => key),
      query: rejectQuery(change),
    },
  );
}
