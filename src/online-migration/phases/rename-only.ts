import { findRenameObstacles } from '../attachments/obstacles/rename-obstacles.ts';
import { namesOf } from '../change/names.ts';
import { planOf } from '../postgres/exclusive-lock.ts';
import { recordChange } from '../state/change-record.ts';
import { forgetPhases } from '../state/phase-ledger.ts';
import { createState, deleteRecords, dropEmptySchema, dropState } from '../state/tables.ts';
import type { Side } from '../sync/filled-column.ts';
import { reportUndeclaredSessions } from './await-switchover.ts';
import { inExclusiveTransaction, type PhaseContext, refuseObstacles, requireStage } from './phase.ts';
import { prepareState } from './prepare-state.ts';
import { requireServerVersion } from './server-version.ts';

/**
 * The one phase of a change that is only a rename.
 *
 * 1. Refuse if a function, a trigger or a subscriber knows the column by its name, or if the new name is taken. Log sessions
 *    that do not follow the change.
 * 2. ONE transaction under ACCESS EXCLUSIVE: rename. Indexes, constraints, views, policies and generated columns follow
 *    by themselves, because PostgreSQL knows the column by its number.
 */
export async function renameOnly(context: PhaseContext): Promise<void> {
  const { session, change, columns } = context;
  const { table, oldColumn, newColumn } = namesOf(columns[0]);
  await requireServerVersion(context);
  await requireStage(context, 'rename', 'initial');
  await refuseRename(context, 'rename', 'old');
  await prepareState(context, 'rename');
  await reportUndeclaredSessions(context, 'rename');
  await inExclusiveTransaction(context, 'rename', {
    before: async () => {
      await createState(session, change);
      await recordChange(session, change, context.ledger);
      await forgetPhases(session, change);
    },
    plan: async () => planOf(`alter table ${table} rename column ${oldColumn} to ${newColumn}`),
    last: () => context.recordInLedger(),
  });
}

/** Reverts it in ONE transaction, and drops the package's tables after the last change. */
export async function revertRenameOnly(context: PhaseContext): Promise<void> {
  const { session, change, columns } = context;
  const { table, oldColumn, newColumn } = namesOf(columns[0]);
  await requireStage(context, 'revert the rename of', 'renamed');
  await refuseRename(context, 'revert the rename of', 'new');
  await prepareState(context, 'revert the rename of');
  await reportUndeclaredSessions(context, 'revert rename');
  await inExclusiveTransaction(context, 'revert rename', {
    before: async () => {
      // The record is missing if the database was created with the new name.
      await createState(session, change);
      await deleteRecords(session, change);
      await dropState(session, change);
    },
    plan: async () => planOf(`alter table ${table} rename column ${newColumn} to ${oldColumn}`),
    last: async () => {
      await dropEmptySchema(session);
      await context.recordInLedger();
    },
  });
}

/** @param side the name that the column has now */
async function refuseRename(context: PhaseContext, phase: string, side: Side): Promise<void> {
  const { session, columns } = context;
  refuseObstacles(context, phase, await findRenameObstacles(session, columns[0], side));
}
