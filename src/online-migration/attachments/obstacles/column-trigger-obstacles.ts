import type { ColumnChange } from '../../change/column-change.ts';
import { escapeIdentifier } from 'pg';
import { changeNamesOf } from '../../change/names.ts';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { Side } from '../../sync/filled-column.ts';
import { columnsAt } from '../table-column.ts';
import { reasonOf } from '../translated.ts';
import { type ColumnTrigger, readColumnTriggers } from '../triggers/column-triggers.ts';
import { translateConditions, triedTriggers } from '../triggers/translate-conditions.ts';
import { listedColumns } from '../triggers/trigger-definition.ts';
import { trialObstacles } from './trial-obstacles.ts';

const SEES_ONE_COLUMN =
  'it fires before the sync trigger, so its condition would not see values that are written through the other column';
const WITH_ITS_FUNCTION = 'Let it fire after the write, or test the values in its function.';
const WITHOUT_ITS_CONDITION = 'Give it a condition that fits both types, or test the values in its function.';

/**
 * Finds triggers that use the columns on one side and cannot be made anew for the other side, and rights that the migrating role
 * lacks for that, an obstacle each.
 */
export async function columnTriggerObstacles(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<Obstacle[]> {
  const triggers = await readColumnTriggers(database, change);
  const rights = await triggerRights(database, triggers);
  const refused = triggers.flatMap((trigger) => {
    const reason = ownReason(trigger);
    if (reason !== null) return [notCarried(change, trigger, reason, '')];
    if (trigger.timing === 'after' || trigger.testedInNewRow.length === 0) return [];
    return [notCarried(change, trigger, SEES_ONE_COLUMN, `${WITH_ITS_FUNCTION} `)];
  });
  const names = new Set(refused.map(({ details }) => details['trigger']));
  const others = triggers.filter(({ name }) => !names.has(name));
  const tried = await triedTriggers(database, change, side, others);
  const trial = await trialObstacles(
    database,
    tried.map(({ name }) => name),
  );
  if (trial.length > 0) return [...rights, ...refused, ...trial];
  const translated = await translateConditions(database, change, side, others);
  return [
    ...rights,
    ...refused,
    ...others.flatMap((trigger) => {
      const reason = reasonOf(translated, trigger.name);
      return reason === null ? [] : [notCarried(change, trigger, reason, `${WITHOUT_ITS_CONDITION} `)];
    }),
  ];
}

/** Triggers that the new columns got meanwhile and that would keep them from being dropped, an obstacle each. */
export async function addedTriggerObstacles(database: Queryable, change: ColumnChange): Promise<Obstacle[]> {
  const { table, columns } = columnsAt(change, 'new');
  const column = columns.join(' or ');
  const triggers = await readColumnTriggers(database, change);
  return triggers
    .filter((trigger) =>
      [...listedColumns(change, trigger, 'old'), ...trigger.tested].some((name) => columns.includes(name)),
    )
    .map(({ name }) =>
      obstacle(
        'DEPENDENT_OBJECT',
        `The trigger ${name} of ${table} depends on ${column}: drop it, or let it use another column.`,
        { table, column, object: `trigger ${name} of ${table}` },
      ),
    );
}

function ownReason({ extension, rest }: ColumnTrigger): string | null {
  if (extension !== null) return `it belongs to the extension ${extension}`;
  return rest === null ? 'PostgreSQL writes its definition in a form that the package does not know' : null;
}

/** Nobody is advised to drop a trigger that protects rows. */
function notCarried(
  change: ColumnChange,
  { name, definition }: ColumnTrigger,
  reason: string,
  otherWay: string,
): Obstacle {
  const { table } = changeNamesOf(change);
  const drop = `drop trigger ${escapeIdentifier(name)} on ${table}`;
  return obstacle(
    'TRIGGER_NOT_CARRIED',
    `The trigger ${name} of ${table} cannot go over by itself: ${reason}. ${otherWay}If nothing relies on it during the change, drop ` +
      `it for that time, \`${drop}\`, and create its replacement when the change is done; it is \`${definition}\`. If it protects ` +
      `or completes rows, do not drop it.`,
    { trigger: name, table, reason, drop, definition },
  );
}

/** Finds rights that the role needs to create the triggers again, an obstacle each. */
async function triggerRights(database: Queryable, triggers: readonly ColumnTrigger[]): Promise<Obstacle[]> {
  if (triggers.length === 0) return [];
  const { rows } = await database.query<Record<'trigger' | 'role' | 'statement', string>>(
    `
    with wanted as (
      select t.oid, t.tgname as trigger, t.tgfoid, t.tgconstrrelid, quote_ident(current_user) as role
      from pg_catalog.pg_trigger t where t.oid = any ($1::oid[])
    ), missing as (
      select trigger, role, format('grant execute on function %s to %s', tgfoid::regprocedure, role) as statement
      from wanted where not has_function_privilege(current_user, tgfoid, 'execute')
      union all
      select trigger, role, format('grant trigger on %s to %s', tgconstrrelid::regclass, role)
      from wanted where tgconstrrelid <> 0 and not has_table_privilege(current_user, tgconstrrelid, 'trigger')
      union all
      -- Of its function, and of the functions, operators and types in its condition.
      select w.trigger, w.role, format('grant usage on schema %I to %s', n.nspname, w.role)
      from wanted w
      join pg_catalog.pg_depend d on d.classid = 'pg_trigger'::regclass and d.objid = w.oid
      cross join lateral pg_identify_object(d.refclassid, d.refobjid, 0) as used
      join pg_catalog.pg_namespace n on quote_ident(n.nspname) = used.schema
      where not has_schema_privilege(current_user, n.oid, 'usage')
    )
    select min(trigger) as trigger, role, statement from missing group by role, statement order by statement`,
    [triggers.map(({ oid }) => oid)],
  );
  return rows.map(({ trigger, role, statement }) =>
    obstacle(
      'TRIGGER_NOT_GRANTED',
      `The trigger ${trigger} has to be created again, for which ${role} lacks a right: \`${statement}\`.`,
      { trigger, role, statement },
    ),
  );
}
