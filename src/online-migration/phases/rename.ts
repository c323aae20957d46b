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
  const { table, oldColumn, newColumn } = namesOf(context.change);
  await requireStage(context, 'rename', 'contracted');
  await dropHalfFilledOldColumn(context);
  await inExclusiveTransaction(context, 'rename', {
    locked: async () => {
      await context.session.query(`alter table ${table} rename column ${newColumn} to ${oldColumn}`);
      await context.recordInLedger();
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
