import { changeNamesOf } from '../change/names.ts';
import { planOf } from '../postgres/exclusive-lock.ts';
import { readSyncState } from '../sync/sync-state.ts';
import { createSyncTriggers } from '../sync/sync-trigger.ts';
import { inExclusiveTransaction, type PhaseContext } from './phase.ts';
import { bringUpToDate } from './sync-guard.ts';

/**
 * Creates sync triggers again that somebody has dropped since enforce. Expand, which creates them otherwise, can no
 * longer be reverted then. The phase must compare the columns afterwards, because writes without the trigger reached
 * only one of them.
 * @param phase the phase, for errors
 * @param purpose the phase, for events: `contract`, `revert enforce`
 */
export async function restoreSyncTriggers(
  context: PhaseContext,
  phase: string,
  purpose: string,
): Promise<void> {
  const { session, change, columns, emit } = context;
  const { missing } = await readSyncState(session, change);
  if (missing.length === 0) return;
  await bringUpToDate(context, phase, 'strict');
  await inExclusiveTransaction(context, `${purpose}: create the sync triggers again`, {
    plan: async () => planOf(...columns.flatMap((column) => createSyncTriggers(column, 'both'))),
  });
  const { change: name, table } = changeNamesOf(change);
  emit({
    type: 'sync-triggers-restored',
    change: name,
    table,
    triggers: missing,
    message: `${purpose}: the sync trigger ${missing.join(', ')} was missing and was created again; compares the columns of all rows`,
  });
}
