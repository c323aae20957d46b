import {
  findUnmirrored,
  joined,
  planHandover,
  planMirrorDrop,
  planValueHandover,
  runPlan,
} from '../attachments/handover.ts';
import { notNullSuccession } from '../attachments/not-null-name.ts';
import { mirrorAttachments } from './mirror-attachments.ts';
import { deleteBackfill } from '../backfill/plan/checkpoint.ts';
import { dropConversionFunctions } from '../sync/conversion-functions.ts';
import { findDifferences } from '../verify/equality-proof.ts';
import { type Difference, forgetKeptValues } from '../verify/equality-statements.ts';
import {
  createKeepFunction,
  createKeepTriggers,
  dropKeepTriggers,
  stopKeeping,
} from '../sync/keeping-trigger.ts';
import { namesOf } from '../change/names.ts';
import { describeRow } from '../change/row-key.ts';
import { recordKeptValues } from '../state/change-record.ts';
import { asTableOwner } from '../state/owner.ts';
import { dropSyncTriggers } from '../sync/sync-trigger.ts';
import type { LockedPlan } from '../postgres/exclusive-lock.ts';
import { readTableShape } from '../state/table-shape.ts';
import {
  inExclusiveTransaction,
  type PhaseContext,
  phaseDetails,
  PhaseRefusedError,
  requireStage,
} from './phase.ts';
import { refuseAttached, refuseOldColumn } from './refuse-obstacles.ts';
import { bringUpToDate, requireSyncTriggers } from './sync-guard.ts';
import { awaitSwitchover, reportUndeclaredSessions } from './await-switchover.ts';

/**
 * Contract: the old column goes, after the proof that nothing goes with it.
 *
 * 1. Refuse if something that cannot go over was attached to the old column. Wait until no live process of the application
 *    uses it; refuse if one continues. Log sessions that do not declare their column.
 * 2. Make attachments of the old column for the new one, if they are missing there.
 * 3. ONE transaction under ACCESS EXCLUSIVE: triggers that keep old values which could not be rebuilt. The lock waits for
 *    every write that began without them.
 * 4. Compare both columns of all rows, in short transactions, and keep such values of the rows that nobody writes.
 * 5. ONE transaction under ACCESS EXCLUSIVE: check the attachments once more; hand the indexes, keys, the default and the name
 *    of the NOT NULL over to the new column; drop the triggers, their functions and the old column.
 *
 * If 4 or 5 ends with an error, the triggers keep no more values: in a table without a key they would refuse the writes of
 * those that could not be rebuilt. A run that is killed there leaves it so until contract is run again.
 */
export async function contract(context: PhaseContext): Promise<void> {
  const { session, change, settings } = context;
  await requireStage(context, 'contract', 'enforced');
  await refuseOldColumn(context, 'contract');
  await requireSyncTriggers(context, 'contract');
  await bringUpToDate(context, 'contract', 'strict');
  await reportUndeclaredSessions(context);
  await awaitSwitchover(context, 'contract', 'old', settings.switchoverWaitMs);
  await mirrorAttachments(context, 'contract', 'old');
  // A killed run leaves triggers that lock kept values: the deletion would wait for a write, and that for the deletion.
  await session.transaction(async () => {
    await session.query(`set local lock_timeout = ${settings.lockTimeoutMs}`);
    await stopKeeping(session, change);
  });
  await session.withoutStatementTimeout(() => forgetKeptValues(session, change));
  await inExclusiveTransaction(context, 'contract: keep what cannot be rebuilt', {
    before: () => asTableOwner(session, change, () => createKeepFunction(session, change)),
    locked: () => createKeepTriggers(session, change),
  });
  try {
    const triggers = await requireSyncTriggers(context, 'contract', { withKeeping: true });
    const differences = await findDifferences(context, 'keep');
    if (differences.length > 0) throw columnsDiffer(context, differences);
    // The proof can take minutes, in which an old version may have been started again.
    await awaitSwitchover(context, 'contract', 'old', 0);
    await dropOldColumn(context, {
      look: async () => {
        await refuseOldColumn(context, 'contract');
        await requireSyncTriggers(context, 'contract', { withKeeping: true, since: triggers });
      },
      last: async () => {
        await recordKeptValues(session, change);
        await context.recordInLedger();
      },
    });
  } catch (error) {
    // Where that fails too, the first error is the one to tell.
    await stopKeepingValues(context).catch(() => undefined);
    throw error;
  }
}

/** At once, without a lock; then the triggers are dropped, if the lock can be had. */
async function stopKeepingValues(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  const { oldColumn } = await readTableShape(session, change);
  if (oldColumn === null) return;
  await stopKeeping(session, change);
  await inExclusiveTransaction(context, 'contract: drop the triggers that keep values', {
    locked: () => dropKeepTriggers(session, change),
  });
}

/**
 * Drops an old column that the way back of contract was still filling when it was ended. The new column has ruled all
 * the while and the kept values are still kept, so nothing is lost.
 */
export async function dropHalfFilledOldColumn(context: PhaseContext): Promise<void> {
  const { oldColumn } = await readTableShape(context.session, context.change);
  if (oldColumn === null) return;
  await dropOldColumn(context, {
    look: () => refuseAttached(context, 'contract', 'old'),
    last: async () => undefined,
  });
}

/**
 * @param steps.look refuses what came meanwhile; ahead of the lock
 * @param steps.last ends the transaction that drops the column
 */
async function dropOldColumn(
  context: PhaseContext,
  { look, last }: { readonly look: () => Promise<void>; readonly last: () => Promise<void> },
): Promise<void> {
  const { session, change } = context;
  const { change: changeName } = namesOf(change);
  await inExclusiveTransaction(context, 'contract: drop the old column', {
    before: async () => {
      await look();
      await refuseUnmirrored(context);
      await deleteBackfill(session, changeName);
    },
    plan: async () =>
      joined(
        await planValueHandover(session, change, 'old'),
        await planHandover(session, change, 'old'),
        await planMirrorDrop(session, change, 'old'),
        await planColumnDrop(context),
      ),
    locked: async (plan) => {
      await dropSyncTriggers(session, change);
      await dropKeepTriggers(session, change);
      await runPlan(session, plan);
      await dropConversionFunctions(session, change);
      await last();
    },
  });
}

/** The column goes; then the name of its NOT NULL is free for that of the new one. */
async function planColumnDrop({ session, change }: PhaseContext): Promise<LockedPlan> {
  const { table, oldColumn } = namesOf(change);
  return {
    statements: [
      `alter table ${table} drop column ${oldColumn}`,
      ...(await notNullSuccession(session, change, 'old')),
    ],
    furtherTables: [],
  };
}

/** What was made behind step 2 would go with the old column, and the new one would be without it. */
async function refuseUnmirrored(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  const [name] = await findUnmirrored(session, change, 'old');
  if (name === undefined) return;
  throw new PhaseRefusedError(
    'ATTACHED_MEANWHILE',
    `Cannot contract ${namesOf(change).change}: ${name} was made on ${change.oldColumn.name} meanwhile. Run the same command ` +
      `again, it makes the same for ${change.newColumn.name}.`,
    { ...phaseDetails(context, 'contract'), object: name },
  );
}

function columnsDiffer(context: PhaseContext, differences: Difference[]): PhaseRefusedError {
  const { change } = context;
  const list = differences
    .map(({ key, oldValue, newValue }) => {
      return `  ${describeRow(change, key)}: ${JSON.stringify(oldValue)}, ${JSON.stringify(newValue)}`;
    })
    .join('\n');
  return new PhaseRefusedError(
    'EQUALITY_PROOF_FAILED',
    `Cannot contract ${namesOf(change).change}: ${change.oldColumn.name} and ${change.newColumn.name} differ, so ` +
      `dropping the old column would lose data. The first rows that differ, old value and new value:\n${list}\n` +
      (namesOf(change).key.lasts
        ? `Something wrote past the sync trigger. Set the right value in these rows, then run the same command again.`
        : `Something wrote past the sync trigger, or the old value cannot be rebuilt from the new one, and the table has no ` +
          `key to keep it under. Set the right value in these rows or give the table a key; then run the same command again.`),
    { ...phaseDetails(context, 'contract'), keys: differences.map(({ key }) => key) },
  );
}
