import { namesOf } from '../change/names.ts';
import { underExclusiveLock } from '../postgres/exclusive-lock.ts';
import { stateObstacles } from '../state/owner.ts';
import { isOutdated } from '../state/schema-step.ts';
import { createState } from '../state/tables.ts';
import { type PhaseContext, refuseObstacles } from './phase.ts';

/**
 * Brings the package's tables up to this version, if an earlier one made them. A step alters them under a lock that a reader can
 * hold up, such as a dump of the database: so it has a transaction of its own, which is tried again.
 * @param phase the phase, for the error
 * @throws PhaseRefusedError if the role may not write the package's tables
 */
export async function prepareState(context: PhaseContext, phase: string): Promise<void> {
  const { session, change, emit, signal, settings } = context;
  refuseObstacles(context, phase, await stateObstacles(session, change));
  if (!(await isOutdated(session))) return;
  await underExclusiveLock(session, {
    change: namesOf(change).change,
    table: 'online_migration.change',
    purpose: `upgrade of the package's tables`,
    emit,
    signal,
    settings,
    locked: () => createState(session, change),
  });
}
