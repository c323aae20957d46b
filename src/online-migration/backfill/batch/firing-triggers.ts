import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ObstacleCode } from '../../change/obstacle-codes.ts';
import type { Emit } from '../../change/events.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { unquoted } from '../../sync/filled-column.ts';
import { BackfillError } from '../plan/backfill-error.ts';
import { type ChangeFill, forwardFill, targetsOf } from '../plan/fill.ts';
import {
  findTriggers,
  findUncheckedConstraints,
  type FiringTrigger,
  readRightToSilence,
  type RightToSilence,
} from './trigger-catalog.ts';

/** How a backfill treats the table's own triggers. */
export interface TriggerPlan {
  /** The `session_replication_role` of sessions that run batches; null if neither role works. */
  readonly role: 'origin' | 'replica' | null;
  /** The triggers that fire for rows that a backfill updates. */
  readonly firing: readonly FiringTrigger[];
  /** The triggers that the role disables. */
  readonly silent: readonly FiringTrigger[];
  /** One for each undeclared trigger that cannot be disabled; none if there is a role. */
  readonly obstacles: readonly Obstacle[];
}

/** The updates of which the triggers are asked for. */
export interface TriggerQuestion {
  /** Schema and name, quoted. */
  readonly table: string;
  /** The columns that they change, unquoted. */
  readonly columns: readonly string[];
  /** The triggers that may fire, by their names in the catalog. */
  readonly declared: readonly string[];
  /** How to let a trigger fire, for an obstacle: `or, if it may fire, …` */
  readonly ifItMayFire: string;
}

function questionOf(fill: ChangeFill): TriggerQuestion {
  return {
    table: fill.names.table,
    columns: fill.columns.map(({ target }) => unquoted(target)),
    declared: fill.change.firesInBackfill ?? [],
    ifItMayFire: 'or, if it may fire, name it in `firesInBackfill`.',
  };
}

/** Decides how the backfill of a change treats the table's own triggers, from the catalog and the declaration. */
export function readTriggerPlan(database: Queryable, fill: ChangeFill): Promise<TriggerPlan> {
  return planTriggers(database, questionOf(fill));
}

/**
 * Decides how updates treat the table's own triggers.
 *
 * 1. `origin`, if each trigger that would fire is declared.
 * 2. Otherwise `replica`, which disables ordinary triggers. The session's role must be allowed to set it, and each
 *    trigger that still fires must be declared. It also disables checks of foreign keys and deferrable constraints,
 *    so the filled columns must have none. An update of only these columns changes no other key.
 * 3. Otherwise the backfill is refused.
 */
export async function planTriggers(
  database: Queryable,
  { table, columns, declared, ifItMayFire }: TriggerQuestion,
): Promise<TriggerPlan> {
  const triggers = await findTriggers(database, table, columns);
  const isUndeclared = ({ rawName }: FiringTrigger) => !declared.includes(rawName);
  const inOrigin = triggers.filter(({ firesInOrigin }) => firesInOrigin);
  const undeclared = inOrigin.filter(isUndeclared);
  if (undeclared.length === 0) return { role: 'origin', firing: inOrigin, silent: [], obstacles: [] };

  const constraints = await findUncheckedConstraints(database, table, columns);
  if (constraints.length > 0)
    return refused('TRIGGER_BESIDE_CONSTRAINT', undeclared, () =>
      howToCheck(constraints, columns.length, ifItMayFire),
    );
  const right = await readRightToSilence(database);
  if (!right.isGranted)
    return refused('TRIGGER_NOT_SILENCEABLE', undeclared, () => howToBeGranted(right, ifItMayFire));
  const inReplica = triggers.filter(({ firesInReplica }) => firesInReplica);
  const always = inReplica.filter(isUndeclared);
  if (always.length > 0)
    return refused('TRIGGER_FIRES_ALWAYS', always, (trigger) => howToMakeOrdinary(trigger, ifItMayFire));
  const silent = inOrigin.filter(({ firesInReplica }) => !firesInReplica);
  return { role: 'replica', firing: inReplica, silent, obstacles: [] };
}

/**
 * Finds the table's own triggers that prevent the backfill, before the change begins. Revert contract also fills a
 * new column, so the same applies to it.
 * @returns an obstacle for each trigger
 */
export async function triggerObstacles(database: Queryable, change: ColumnChange): Promise<Obstacle[]> {
  return [...(await readTriggerPlan(database, forwardFill(change))).obstacles];
}

/**
 * Refuses a backfill if the table's own triggers prevent it.
 * @returns the plan for the triggers
 * @throws BackfillError
 */
export async function requireTriggerPlan(database: Queryable, fill: ChangeFill): Promise<TriggerPlan> {
  const plan = await readTriggerPlan(database, fill);
  if (plan.role !== null) return plan;
  throw new BackfillError(
    'TRIGGERS_WOULD_FIRE',
    `Cannot fill ${targetsOf(fill)} of ${fill.names.change}: the table has triggers that would fire for each row that is converted.\n` +
      plan.obstacles.map(({ message }) => `  ${message}`).join('\n'),
    { change: fill.names.change, column: targetsOf(fill), obstacles: plan.obstacles },
  );
}

/**
 * Prepares a session for updates of the filled columns: disables undeclared triggers in it.
 * @param database a session without a transaction
 * @returns the triggers that still fire
 * @throws BackfillError if that is impossible
 */
export async function keepTriggersSilent(
  database: Queryable,
  fill: ChangeFill,
): Promise<readonly FiringTrigger[]> {
  const { role, firing } = await requireTriggerPlan(database, fill);
  await setReplicationRole(database, role);
  return firing;
}

/** Sets the role in which a session fires triggers; null changes nothing. */
export async function setReplicationRole(database: Queryable, role: TriggerPlan['role']): Promise<void> {
  // Setting it needs the right, even to its current value.
  await database.query(
    `
    select set_config('session_replication_role', $1, false)
    where current_setting('session_replication_role') <> $1`,
    [role],
  );
}

/**
 * Reports the triggers that are disabled for the updates of a backfill.
 * @throws BackfillError if undeclared triggers would fire
 */
export async function reportSilence(database: Queryable, fill: ChangeFill, emit: Emit): Promise<void> {
  const { silent } = await requireTriggerPlan(database, fill);
  if (silent.length === 0) return;
  const triggers = [...new Set(silent.map(({ name }) => name))];
  emit({
    type: 'triggers-silenced',
    change: fill.names.change,
    triggers,
    message: `backfill: triggers that do not fire for its updates (session_replication_role = replica): ${triggers.join(', ')}`,
  });
}

/** Names a trigger in an error: its table and its function. */
export function describeTrigger({ name, table, calledFunction }: FiringTrigger): string {
  return `${name} on ${table}, which calls ${calledFunction}`;
}

function refused(
  code: ObstacleCode,
  triggers: readonly FiringTrigger[],
  wayOut: (trigger: FiringTrigger) => string,
): TriggerPlan {
  const obstacles = triggers.map((trigger) => {
    const { rawName: name, table, calledFunction } = trigger;
    const condition = trigger.hasCondition ? ', if its condition holds,' : '';
    const occasion = trigger.isPerRow ? 'each row that the backfill converts' : 'each batch of the backfill';
    return obstacle(
      code,
      `The trigger ${describeTrigger(trigger)}, would fire${condition} for ${occasion}. ${wayOut(trigger)}`,
      { trigger: name, table, calledFunction },
    );
  });
  return { role: null, firing: [], silent: [], obstacles };
}

function howToBeGranted({ role, isGrantable }: RightToSilence, ifItMayFire: string): string {
  return isGrantable
    ? `To keep it silent, run \`grant set on parameter session_replication_role to ${role}\` as a superuser; ${ifItMayFire}`
    : `To keep it silent, run the migrations as a superuser; ${ifItMayFire}`;
}

function howToMakeOrdinary({ name, table, firesInOrigin }: FiringTrigger, ifItMayFire: string): string {
  if (!firesInOrigin) {
    return (
      `It is set to fire for replication, as which a backfill keeps the other triggers silent. Run ` +
      `\`alter table ${table} disable trigger ${name}\` until the change is done, if nothing is replicated to the table; ` +
      ifItMayFire
    );
  }
  return (
    `It is set to fire always, so it cannot be kept silent. Run \`alter table ${table} enable trigger ${name}\`; ` +
    ifItMayFire
  );
}

function howToCheck(constraints: readonly string[], columns: number, ifItMayFire: string): string {
  const [filled, areFilled] =
    columns === 1 ? ['column', 'column is filled'] : ['columns', 'columns are filled'];
  return (
    `To keep it silent would leave ${constraints.join(', ')} of the filled ${filled} unchecked. Drop that constraint until ` +
    `the ${areFilled}; ${ifItMayFire}`
  );
}
