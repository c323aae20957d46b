import { planTriggers } from '../attachments/triggers/plan-triggers.ts';
import { inExclusiveTransaction, type PhaseContext } from './phase.ts';

/**
 * Lets the triggers fire for the old column alone. A backfill of the new column would fire them, and nobody writes that
 * column any more.
 */
export async function narrowTriggers(context: PhaseContext, purpose: string): Promise<void> {
  const { session, change } = context;
  const plan = () => planTriggers(session, change, { lists: 'old' });
  if ((await plan()).statements.length === 0) return;
  await inExclusiveTransaction(context, `${purpose}: let triggers fire for the old column alone`, {
    plan,
  });
}
