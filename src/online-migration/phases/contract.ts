import { findUnmirrored, joined, planHandover, planValueHandover } from '../attachments/handover.ts';
import { planMirrorDrop } from '../attachments/copy-drop.ts';
import { notNullSuccession, oldNameStatements } from '../attachments/not-null-name.ts';
import { planTriggers } from '../attachments/triggers/plan-triggers.ts';
import { planCopyDrop, planViews } from '../attachments/views/plan-views.ts';
import { planPublications } from '../attachments/publications.ts';
import { readGeneratedColumns } from '../attachments/generated-columns.ts';
import { columnsAt } from '../attachments/table-column.ts';
import { readStoredViews, withoutCopy } from '../attachments/views/materialized-views.ts';
import { readViews } from '../attachments/views/views.ts';
import { copyMaterializedViews } from './copy-materialized-views.ts';
import { mirrorAttachments } from './mirror-attachments.ts';
import { moveGeneratedColumns } from './move-generated-columns.ts';
import { prepareKeys, refuseUnpreparedKeys } from './prepare-keys.ts';
import { deleteBackfill } from '../backfill/plan/checkpoint.ts';
import { dropConversionFunctions } from '../sync/conversion-functions.ts';
import { compareColumns } from '../verify/equality-proof.ts';
import type { Difference } from '../verify/equality-statements.ts';
import { forgetKeptValues } from '../verify/unrebuildable-values.ts';
import {
  createKeepFunction,
  createKeepTriggers,
  dropKeepTriggers,
  stopKeeping,
} from '../sync/keeping-trigger.ts';
import { changeNamesOf, namesOf } from '../change/names.ts';
import { describeRow } from '../change/row-key.ts';
import { recordKeptValues } from '../state/change-record.ts';
import { asTableOwner } from '../state/owner.ts';
import { dropSyncTriggers } from '../sync/sync-trigger.ts';
import { type LockedPlan, planOf } from '../postgres/exclusive-lock.ts';
import { readTableShape } from '../state/table-shape.ts';
import { inExclusiveTransaction, type PhaseContext, requireStage } from './phase.ts';
import { refuseAttached, refuseOldColumn } from './refuse-attached.ts';
import { phaseDetails, PhaseRefusedError } from './phase-refused-error.ts';
import { restoreSyncTriggers } from './restore-sync-triggers.ts';
import { bringUpToDate, requireSyncTriggers } from './sync-guard.ts';
import { awaitSwitchover, reportUndeclaredSessions } from './await-switchover.ts';

/**
 * Contract: drops the old columns, after a proof that no value is lost.
 *
 * 1. Refuse if an object that cannot be carried over was attached to the old column. Wait until no live process of
 *    the application uses it; refuse if one continues. Log sessions that do not declare their column.
 * 2. Create missing copies of the old column's attachments for the new column, and the indexes that become the keys of
 *    partitions. Create copies of its materialized views,
 *    and fill them beside reads and writes.
 * 3. ONE transaction under ACCESS EXCLUSIVE: create triggers that keep old values which cannot be rebuilt. The lock
 *    waits for every write that began before the triggers. Let the table's own triggers of the old column, also those made
 *    since enforce, fire for both.
 * 4. Compare both columns of all rows in short transactions. Also keep these old values of rows that nobody writes.
 * 5. Let the virtual columns use the new column: ONE transaction under ACCESS EXCLUSIVE, catalog only. Validate the constraints
 *    that it leaves as NOT VALID.
 * 6. ONE transaction under ACCESS EXCLUSIVE: check the attachments again. Hand over the indexes, keys, the default
 *    and the name of the NOT NULL to the new column. Let policies, also those of other tables, use it, and create its
 *    views and the table's own triggers anew for it. Drop the sync triggers, their functions and the old column. With
 *    `renameInContract`, give the old column's name to the new one.
 *
 * If one of 4 to 6 fails, the triggers stop keeping values. In a table without a key, they would otherwise reject writes of
 * values that cannot be rebuilt. If the run is killed in 4 to 6, they remain until contract runs again. Virtual columns that use
 * the new column already are right, because both columns have the same values.
 */
export async function contract(context: PhaseContext): Promise<void> {
  const { session, change, columns, settings } = context;
  await requireStage(context, 'contract', 'enforced');
  await refuseOldColumn(context, 'contract');
  await restoreSyncTriggers(context, 'contract', 'contract');
  await requireSyncTriggers(context, 'contract');
  await bringUpToDate(context, 'contract', 'strict');
  await reportUndeclaredSessions(context, 'contract');
  await awaitSwitchover(context, 'contract', 'old', settings.switchoverWaitMs);
  await mirrorAttachments(context, 'contract', 'old');
  await prepareKeys(context, 'contract', 'old');
  await copyMaterializedViews(context, 'contract', 'old');
  // Triggers of a killed run lock kept values. The deletion and a write would wait for each other.
  await session.transaction(async () => {
    await session.query(`set local lock_timeout = ${settings.lockTimeoutMs}`);
    for (const column of columns) await stopKeeping(session, column);
  });
  await session.withoutStatementTimeout(() => forgetKeptValues(session, change));
  await inExclusiveTransaction(context, 'contract: keep old values', {
    before: () =>
      asTableOwner(session, change, async () => {
        for (const column of columns) await createKeepFunction(session, column);
      }),
    plan: async () =>
      joined(
        await planTriggers(session, change, { lists: 'both' }),
        planOf(...columns.flatMap((column) => createKeepTriggers(column))),
      ),
  });
  try {
    const triggers = await requireSyncTriggers(context, 'contract', { withKeeping: true });
    const { differences } = await compareColumns(context, 'keep');
    if (differences.length > 0) throw columnsDiffer(context, differences);
    // The proof can take minutes, and an old version may have been started again in the meantime.
    await awaitSwitchover(context, 'contract', 'old', 0);
    await dropOldColumn(context, {
      look: async () => {
        await refuseOldColumn(context, 'contract');
        await requireSyncTriggers(context, 'contract', { withKeeping: true, since: triggers });
      },
      rename: change.renameInContract === true,
      last: async () => {
        await recordKeptValues(session, change);
        await context.recordInLedger();
      },
    });
  } catch (error) {
    // If that fails too, report the first error.
    await stopKeepingValues(context).catch(() => undefined);
    throw error;
  }
}

/** Stop the triggers at once, without a lock; then drop them if the lock is granted. */
async function stopKeepingValues(context: PhaseContext): Promise<void> {
  const { session, change, columns } = context;
  const { oldColumn } = await readTableShape(session, change);
  if (oldColumn === null) return;
  for (const column of columns) await stopKeeping(session, column);
  await inExclusiveTransaction(context, 'contract: drop the triggers that keep values', {
    plan: async () => planOf(...columns.flatMap((column) => dropKeepTriggers(column))),
  });
}

/**
 * Drops an old column that an interrupted revert of contract was filling. The new column has been active all the time
 * and the kept values still exist, so nothing is lost.
 */
export async function dropHalfFilledOldColumn(context: PhaseContext): Promise<void> {
  const { oldColumn } = await readTableShape(context.session, context.change);
  if (oldColumn === null) return;
  await copyMaterializedViews(context, 'contract', 'old');
  await dropOldColumn(context, {
    look: () => refuseAttached(context, 'contract', 'old'),
    rename: false,
    last: async () => undefined,
  });
}

/**
 * @param steps.look refuses changes made in the meantime; before the lock
 * @param steps.rename whether the new column gets the old column's name
 * @param steps.last ends the transaction that drops the column
 */
async function dropOldColumn(
  context: PhaseContext,
  {
    look,
    rename,
    last,
  }: {
    readonly look: () => Promise<void>;
    readonly rename: boolean;
    readonly last: () => Promise<void>;
  },
): Promise<void> {
  const { session, change, columns } = context;
  const { change: changeName } = changeNamesOf(change);
  await moveGeneratedColumns(context, 'contract', 'old');
  await inExclusiveTransaction(context, 'contract: drop the old column', {
    before: async () => {
      await look();
      await refuseUnmirrored(context);
      await refuseUnpreparedKeys(context, 'contract', 'old');
      await deleteBackfill(session, changeName);
    },
    plan: async () =>
      joined(
        planOf(...columns.flatMap((column) => [...dropSyncTriggers(column), ...dropKeepTriggers(column)])),
        await planValueHandover(session, change, 'old'),
        await planHandover(session, change, 'old'),
        await planPublications(session, change, 'old', { lists: 'instead', filters: true }),
        await planMirrorDrop(session, change, 'old'),
        await planCopyDrop(session, change, 'old'),
        await planTriggers(session, change, { lists: 'new', conditions: 'new' }),
        await planViews(session, change, 'old'),
        await planColumnDrop(context, rename),
        planOf(...columns.flatMap((column) => dropConversionFunctions(column))),
      ),
    last,
  });
}

/** Drop a column first: that frees its name, and the name of its NOT NULL, for the new column. */
async function planColumnDrop({ session, columns }: PhaseContext, rename: boolean): Promise<LockedPlan> {
  const statements: string[] = [];
  for (const column of columns) {
    const { table, oldColumn } = namesOf(column);
    const succession = await notNullSuccession(session, column, 'old');
    statements.push(
      `alter table ${table} drop column ${oldColumn}`,
      ...succession,
      ...(rename ? await oldNameStatements(session, column, { isNamed: succession.length > 0 }) : []),
    );
  }
  return planOf(...statements);
}

/** An attachment created after step 2 would be dropped with the old column, and the new column would lack it. */
async function refuseUnmirrored(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  const views = await readViews(session, columnsAt(change, 'old'));
  const [name] = [
    ...(await findUnmirrored(session, change, 'old')),
    ...withoutCopy(await readStoredViews(session, views)),
    ...(await readGeneratedColumns(session, columnsAt(change, 'old'))).map(({ name: column }) => column),
  ];
  if (name === undefined) return;
  throw new PhaseRefusedError(
    'ATTACHED_MEANWHILE',
    `Cannot contract ${changeNamesOf(change).change}: ${name} was made on ${columnsAt(change, 'old').columns.join(' or ')} meanwhile. ` +
      `Run the same command again, it makes the same for ${columnsAt(change, 'new').columns.join(' or ')}.`,
    { ...phaseDetails(context, 'contract'), object: name },
  );
}

function columnsDiffer(context: PhaseContext, differences: Difference[]): PhaseRefusedError {
  const { change, columns } = context;
  const paragraphs = columns.flatMap(({ oldColumn, newColumn }) => {
    const found = differences.filter(({ column }) => column === oldColumn.name);
    if (found.length === 0) return [];
    const list = found.map(({ key, oldValue, newValue }) => {
      return `  ${describeRow(change, key)}: ${JSON.stringify(oldValue)}, ${JSON.stringify(newValue)}\n`;
    });
    return (
      `${oldColumn.name} and ${newColumn.name} differ, so ` +
      `dropping the old column would lose data. The first rows that differ, old value and new value:\n${list.join('')}`
    );
  });
  const { change: name, key } = changeNamesOf(change);
  return new PhaseRefusedError(
    'EQUALITY_PROOF_FAILED',
    `Cannot contract ${name}: ${paragraphs.join('')}` +
      (key.lasts
        ? `Something wrote past the sync trigger. Set the right value in these rows, then run the same command again.`
        : `Something wrote past the sync trigger, or the old value cannot be rebuilt from the new one, and the table has no ` +
          `key to keep it under. Set the right value in these rows or give the table a key; then run the same command again.`),
    { ...phaseDetails(context, 'contract'), keys: differences.map((one) => one.key) },
  );
}
