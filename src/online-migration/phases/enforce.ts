import { joined, planHandover, planMirrorDrop, runPlan } from '../attachments/handover.ts';
import { notNullExchange } from '../attachments/not-null-name.ts';
import { mirrorAttachments } from './mirror-attachments.ts';
import { type ChangedColumn, isReversible } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { dropKeepTriggers } from '../sync/keeping-trigger.ts';
import { namesOf } from '../change/names.ts';
import { describeRow } from '../change/row-key.ts';
import {
  addFilledCheck,
  declareFilled,
  dropFilledCheck,
  hasFilledCheck,
  validateFilledCheck,
  withdrawEnforced,
} from '../sync/filled-column.ts';
import { findRejects, recordRejects, rejectQuery } from '../verify/rejects.ts';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { areSyncTriggersUnaltered, recordSyncTriggers } from '../sync/sync-state.ts';
import { createSyncFunction, createSyncTriggers } from '../sync/sync-trigger.ts';
import {
  inExclusiveTransaction,
  type PhaseContext,
  phaseDetails,
  PhaseRefusedError,
  refuseOneWay,
  requireStage,
} from './phase.ts';
import { refuseDifferences } from './refuse-differences.ts';
import { refuseOldColumn } from './refuse-obstacles.ts';
import { bringUpToDate, requireSyncTriggers } from './sync-guard.ts';

const NAMED_REJECTS = 10;

/**
 * Enforce: no row without a new value, and from then on both columns rule.
 *
 * 1. Refuse if something that cannot go over was attached to the old column since expand. Bring the functions up to the
 *    declaration. Refuse while rows are rejects, or differ from their old value: a sync trigger may have been disabled for a
 *    time. The columns are compared in short transactions, and the triggers must stay as they are from here to 5.
 * 2. For the new column what hangs on the old one: indexes and foreign keys, beside reads and writes.
 * 3. ONE transaction under ACCESS EXCLUSIVE: the not-null check, not validated; the trigger refuses unconvertible values.
 * 4. Validate the check: SHARE UPDATE EXCLUSIVE, beside reads and writes.
 * 5. ONE transaction under ACCESS EXCLUSIVE: NOT NULL, drop the check, let the trigger watch both columns. When it
 *    commits, applications follow the new column.
 *
 * A run that ends between 3 and 5 leaves the check and the refusal there, and one that ends behind 2 the indexes, of which a
 * unique one refuses values that are equal in the new type; it goes on when it is run again, and the way back of the backfill
 * takes them away.
 */
export async function enforce(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  await requireStage(context, 'enforce', 'backfilled');
  await refuseOldColumn(context, 'enforce');
  await bringUpToDate(context, 'enforce', (await hasFilledCheck(session, change)) ? 'strict' : 'lenient');
  const triggers = await requireSyncTriggers(context, 'enforce');
  await refuseDifferences(context, 'enforce', 'old');
  await refuseRejects(context);
  await mirrorAttachments(context, 'enforce', 'old');
  await inExclusiveTransaction(context, 'enforce: add the not-null check', {
    before: () => createSyncFunction(session, change, 'strict'),
    locked: () => addFilledCheck(session, change, 'new'),
  });
  try {
    await validateFilledCheck(session, change);
  } catch (error) {
    if (sqlState(error) !== SQLSTATE.checkViolation) throw error;
    await takeCheckBack(context);
    await refuseRejects(context);
    throw error;
  }
  await inExclusiveTransaction(context, 'enforce: set not null', {
    before: async () => void (await requireSyncTriggers(context, 'enforce', { since: triggers })),
    // Without a way back the old column loses its NOT NULL here, and not in contract.
    plan: async () => ({
      statements: isReversible(change) ? [] : await notNullExchange(session, change, 'old'),
      furtherTables: [],
    }),
    locked: async (plan) => {
      await runPlan(session, plan);
      await declareFilled(session, change, 'new');
      await loosenOldColumn(session, change);
      await createSyncTriggers(session, change, 'both');
      await recordSyncTriggers(session, change);
      await context.recordInLedger();
    },
  });
}

/**
 * The way back of enforce: applications follow the old column again, at their own time. Until each has noticed, some
 * still write the new column, so the trigger goes on watching both. Where the way back of contract has left the indexes and
 * keys with the new column, they come to the old one again.
 */
export async function revertEnforce(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  await requireStage(context, 'revert the enforce of', 'enforced');
  refuseOneWay(context, 'revert the enforce of');
  const triggers = await requireSyncTriggers(context, 'revert the enforce of');
  await bringUpToDate(context, 'revert the enforce of', 'strict');
  if (!(await areSyncTriggersUnaltered(session, change))) {
    await refuseDifferences(context, 'revert the enforce of', 'new');
  }
  await inExclusiveTransaction(context, 'revert enforce', {
    before: async () => {
      await requireSyncTriggers(context, 'revert the enforce of', { since: triggers });
      await createSyncFunction(session, change, 'lenient');
    },
    plan: async () =>
      joined(await planHandover(session, change, 'new'), await planMirrorDrop(session, change, 'new')),
    locked: async (plan) => {
      await dropKeepTriggers(session, change);
      await runPlan(session, plan);
      await withdrawEnforced(session, change);
      await context.recordInLedger();
    },
  });
}

/**
 * Takes back what an enforce left that was ended half-way: its check, and a unique index of the new column, would refuse
 * values at stages that take them.
 */
export async function takeHalfMadeEnforceBack(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  const isHalfMade =
    (await hasFilledCheck(session, change)) ||
    (await planMirrorDrop(session, change, 'new')).statements.length > 0;
  if (isHalfMade) await takeCheckBack(context);
}

/** A row without a new value came in after the last look: let writes through as before, then say which it is. */
async function takeCheckBack(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  await inExclusiveTransaction(context, 'enforce: take the not-null check back', {
    before: () => createSyncFunction(session, change, 'lenient'),
    plan: () => planMirrorDrop(session, change, 'new'),
    locked: async (plan) => {
      await dropFilledCheck(session, change);
      await runPlan(session, plan);
    },
  });
}

/** Without a way back, a row that is written through the new column has no old value any more. */
async function loosenOldColumn(database: Queryable, change: ChangedColumn): Promise<void> {
  if (isReversible(change)) return;
  const { table, oldColumn } = namesOf(change);
  await database.query(`alter table ${table} alter column ${oldColumn} drop not null`);
}

async function refuseRejects(context: PhaseContext): Promise<void> {
  const { session, change } = context;
  const { change: name } = namesOf(change);
  await recordRejects(session, change);
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
