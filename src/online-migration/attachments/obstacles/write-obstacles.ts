import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { unquoted } from '../../sync/filled-column.ts';
import { namesOf, PACKAGE_SCHEMA } from '../../change/names.ts';
import { TREE_OIDS } from '../../postgres/partition-tree.ts';
import { ruleDefinition } from './dependent-obstacles.ts';

/**
 * Finds triggers and rules that change a written row after the sync trigger has fired, an obstacle each.
 *
 * @see https://www.postgresql.org/docs/current/trigger-definition.html triggers fire in the order of their names
 */
export async function writeObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  return [...(await laterTriggers(database, change)), ...(await rules(database, change))];
}

async function laterTriggers(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { table, insertTrigger, updateTrigger } = namesOf(change);
  const { rows } = await database.query<Record<'trigger' | 'owner' | 'ahead_of', string>>(
    `
    select quote_ident(t.tgname) as trigger, t.tgrelid::regclass::text as owner,
      case when (t.tgtype & 7) = 7 and t.tgname > $2::name then $2::name else $3::name end as ahead_of
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_proc p on p.oid = t.tgfoid
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where t.tgrelid in (${TREE_OIDS})
      and not t.tgisinternal and t.tgparentid = 0 and t.tgenabled <> 'D'
      -- The sync trigger of another change writes only that change's columns.
      and n.nspname <> $4
      -- Bits of tgtype: 1 for each row, 2 before, 4 insert, 16 update. Values of type name are in the order of "C".
      and ((t.tgtype & 7) = 7 and t.tgname > $2::name or (t.tgtype & 19) = 19 and t.tgname > $3::name)
    order by 2, 1`,
    [table, unquoted(insertTrigger), unquoted(updateTrigger), PACKAGE_SCHEMA],
  );
  return rows.map(({ trigger, owner, ahead_of: syncTrigger }) =>
    obstacle(
      'TRIGGER_FIRES_LATER',
      `The BEFORE trigger ${trigger} of ${owner} fires behind the sync trigger and could change a row whose columns are ` +
        `equal already: give it a name that sorts before ${syncTrigger}, with \`alter trigger ${trigger} on ${owner} rename to …\`.`,
      { trigger, table: owner, syncTrigger },
    ),
  );
}

async function rules(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { rows } = await database.query<Record<'rule' | 'owner' | 'definition', string>>(
    `
    select quote_ident(r.rulename) as rule, r.ev_class::regclass::text as owner, ${ruleDefinition('r.oid')} as definition
    from pg_catalog.pg_rewrite r
    where r.ev_class in (${TREE_OIDS}) and r.rulename <> '_RETURN'
    order by 2, 1`,
    [namesOf(change).table],
  );
  return rows.map(({ rule, owner, definition }) =>
    obstacle(
      'RULE',
      `The rule ${rule} rewrites statements on ${owner}, with the columns that were there when it was made: ` +
        `write a trigger that does the same, and \`drop rule ${rule} on ${owner}\`. Now it is \`${definition}\`.`,
      { rule, table: owner, definition },
    ),
  );
}
