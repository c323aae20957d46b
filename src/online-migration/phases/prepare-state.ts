import { changeNamesOf } from '../change/names.ts';
import { underExclusiveLock } from '../postgres/exclusive-lock.ts';
import { stateObstacles } from '../state/owner.ts';
import { isOutdated } from '../state/schema-step.ts';
import { createState } from '../state/tables.ts';
import { type PhaseContext, refuseObstacles } from './phase.ts';

/**
 * Upgrades the package's tables if an earlier version made them. A reader such as a database dump can block the lock
 * for a step, so this runs in a separate transaction that is retried.
 * @param phase the phase, for the error
 * @throws PhaseRefusedError if the role may not write the package's tables
 */
export async function prepareState(context: PhaseContext, phase: string): Promise<void> {
  const { session, change, emit, signal, settings } = context;
  refuseObstacles(context, phase, await stateObstacles(session, change));
  if (!(await isOutdated(session))) return;
  await underExclusiveLock(session, {
    change: changeNamesOf(change).change,
    table: 'online_migration.change',
    purpose: `upgrade of the package's tables`,
    emit,
    signal,
    settings,
    last: () => createState(session, change),
  });
}
