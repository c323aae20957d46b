import { runPlan } from '../attachments/handover.ts';
import { oldNameStatements } from '../attachments/not-null-name.ts';
import { namesOf } from '../change/names.ts';
import { dropHalfFilledOldColumn } from './contract.ts';
import { inExclusiveTransaction, type PhaseContext, requireStage } from './phase.ts';

/**
 * Rename: gives the new column the old column's name.
 *
 * 1. If a revert of contract was interrupted, drop the old column that it was filling.
 * 2. ONE transaction under ACCESS EXCLUSIVE: rename.
 */
export async function rename(context: PhaseContext): Promise<void> {
  await requireStage(context, 'rename', 'contracted');
  await dropHalfFilledOldColumn(context);
  await giveOldName(context, 'rename', () => context.recordInLedger());
}

/**
 * Renames the new column, in one transaction.
 * @param last ends the transaction
 */
export async function giveOldName(
  context: PhaseContext,
  purpose: string,
  last: () => Promise<void>,
): Promise<void> {
  const { session, change } = context;
  await inExclusiveTransaction(context, purpose, {
    plan: async () => ({ statements: await oldNameStatements(session, change), furtherTables: [] }),
    locked: async (plan) => {
      await runPlan(session, plan);
      await last();
    },
  });
}

/** Reverts rename: gives the column its interim name again, in ONE transaction. */
export async function revertRename(context: PhaseContext): Promise<void> {
  const { table, oldColumn, newColumn } = namesOf(context.change);
  await requireStage(context, 'revert the rename of', 'renamed');
  await inExclusiveTransaction(context, 'revert rename', {
    locked: async () => {
      await context.session.query(`alter table ${table} rename column ${oldColumn} to ${newColumn}`);
      await context.recordInLedger();
    },
  });
}
