import { contract, dropHalfFilledOldColumn } from './contract.ts';
import { inExclusiveTransaction, type PhaseContext, refuseOneWay, requireStage } from './phase.ts';
import { refuseLostValues } from './kept-values.ts';
import { revertContract } from './revert-contract.ts';
import { giveOldName, planInterimNames } from './rename.ts';
import { readTableShape } from '../state/table-shape.ts';

/**
 * Contract of a change with `renameInContract`. The transaction that drops the old column gives its name to the new one.
 *
 * After an interrupted revert, it drops the old column that was being filled, then renames.
 */
export async function contractAndRename(context: PhaseContext): Promise<void> {
  const stage = await requireStage(context, 'contract', 'enforced', 'contracted');
  if (stage === 'enforced') return contract(context);
  await dropHalfFilledOldColumn(context);
  await giveOldName(context, 'contract: rename', () => context.recordInLedger());
}

/**
 * Reverts it: gives the column its interim name again, then restores the old column as the revert of contract does. An
 * interrupted run continues with the second step.
 *
 * If the second step is refused before it has added the old column, the column gets the old column's name back, because
 * programs that do not follow the change would miss it.
 */
export async function revertContractAndRename(context: PhaseContext): Promise<void> {
  const stage = await requireStage(context, 'revert the contract of', 'renamed', 'contracted');
  refuseOneWay(context, 'revert the contract of');
  await refuseLostValues(context);
  if (stage === 'renamed') {
    await inExclusiveTransaction(context, 'revert contract: rename', {
      plan: async () => planInterimNames(context),
    });
  }
  try {
    await revertContract(context);
  } catch (error) {
    // If that fails too, report the first error.
    await giveNameBack(context).catch(() => undefined);
    throw error;
  }
}

async function giveNameBack(context: PhaseContext): Promise<void> {
  const { oldColumn } = await readTableShape(context.session, context.change);
  if (oldColumn === null) await giveOldName(context, 'revert contract: rename', async () => undefined);
}
