import { oldNameStatements } from '../attachments/not-null-name.ts';
import { namesOf } from '../change/names.ts';
import { type LockedPlan, planOf } from '../postgres/exclusive-lock.ts';
import { dropHalfFilledOldColumn } from './contract.ts';
import { inExclusiveTransaction, type PhaseContext, requireStage } from './phase.ts';

/**
 * Rename: gives each new column the old column's name.
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
 * Renames the new columns, in one transaction.
 * @param last ends the transaction
 */
export async function giveOldName(
  context: PhaseContext,
  purpose: string,
  last: () => Promise<void>,
): Promise<void> {
  const { session, columns } = context;
  await inExclusiveTransaction(context, purpose, {
    plan: async () => {
      const statements: string[] = [];
      for (const column of columns) statements.push(...(await oldNameStatements(session, column)));
      return planOf(...statements);
    },
    last,
  });
}

/** Reverts rename: gives each column its interim name again, in ONE transaction. */
export async function revertRename(context: PhaseContext): Promise<void> {
  await requireStage(context, 'revert the rename of', 'renamed');
  await inExclusiveTransaction(context, 'revert rename', {
    plan: async () => planInterimNames(context),
    last: () => context.recordInLedger(),
  });
}

/** Plans how each column gets its interim name again. */
export function planInterimNames({ columns }: Pick<PhaseContext, 'columns'>): LockedPlan {
  const statements = columns.map((column) => {
    const { table, oldColumn, newColumn } = namesOf(column);
    return `alter table ${table} rename column ${oldColumn} to ${newColumn}`;
  });
  return planOf(...statements);
}
