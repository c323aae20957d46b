import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { changeNamesOf } from '../../change/names.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { otherSide, type Side } from '../../sync/filled-column.ts';
import { type CarriedPolicy, type PolicyConditions, policyStatement } from '../policies.ts';
import { readPoliciesToCarry } from '../original-conditions.ts';
import { type SubqueryPolicy, tablesToLock } from '../subquery-policies.ts';
import { tryPolicies } from '../try-subquery-policies.ts';
import { typesAt } from '../table-column.ts';
import { reasonOf, type Translations } from '../translated.ts';
import { tablesOfOthers } from './right-obstacles.ts';
import { trialObstacles } from './trial-obstacles.ts';

/** Finds policies of the columns on one side that cannot be carried over, an obstacle each. */
export function policyObstacles(
  change: ColumnChange,
  side: Side,
  policies: readonly CarriedPolicy[],
  translations: Translations['policies'],
): Obstacle[] {
  const { table } = changeNamesOf(change);
  return policies.flatMap((policy) => {
    const reason = reasonOf(translations, policy.name);
    return reason === null ? [] : [notCarried(change, side, { table, ...policy }, reason)];
  });
}

/**
 * Finds policies of all tables that read a column in a subquery and do not fit the other columns, and rights that the
 * migrating role lacks to alter them, an obstacle each.
 */
export async function subqueryPolicyObstacles(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<Obstacle[]> {
  const policies = await readPoliciesToCarry(database, change, side);
  if (policies.length === 0) return [];
  const rights = [
    ...(await tablesOfOthers(database, change, tablesOf(policies))),
    ...(await schemaRights(database, policies)),
    ...(await trialObstacles(
      database,
      policies.filter(({ isOriginal = false }) => !isOriginal).map(({ name }) => name),
    )),
  ];
  if (rights.length > 0) return rights;
  const reasons = await tryPolicies(database, change, side, policies);
  return policies.flatMap(({ name, policyName, ...policy }) => {
    const reason = reasons.get(name);
    return reason === undefined ? [] : [notCarried(change, side, { ...policy, name: policyName }, reason)];
  });
}

/** The other tables with the policies, and the policies of each as a message has them. */
function tablesOf(policies: readonly SubqueryPolicy[]): { table: string; purpose: string }[] {
  return tablesToLock(policies).map((table) => {
    const names = policies.filter((one) => one.table === table).map(({ policyName }) => policyName);
    return {
      table,
      purpose: ` for its ${names.length === 1 ? 'policy' : 'policies'} ${names.join(' and ')}`,
    };
  });
}

function notCarried(
  change: ColumnChange,
  side: Side,
  { table, name, using, withCheck }: PolicyConditions & { readonly table: string; readonly name: string },
  reason: string,
): Obstacle {
  const type = typesAt(change, otherSide(side));
  const statement = inOneLine(policyStatement(table, name, { using, withCheck }));
  return obstacle(
    'POLICY_NOT_CARRIED',
    `The policy ${name} of ${table} does not fit ${type}: ${reason}. Give it conditions that fit both types, with ` +
      `\`alter policy\`; now it is \`${statement}\`.`,
    { policy: name, table, type, reason },
  );
}

/** PostgreSQL breaks a subquery into lines. A text or a name in quotes stays as it is. */
function inOneLine(statement: string): string {
  return statement.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\s*\n\s*/g, (token) =>
    token.startsWith("'") || token.startsWith('"') ? token : ' ',
  );
}

/** A condition is altered with names that have a schema, which the role must be allowed to use. */
async function schemaRights(database: Queryable, policies: readonly SubqueryPolicy[]): Promise<Obstacle[]> {
  const { rows } = await database.query<Record<'schema' | 'role', string> & { policies: string[] }>(
    `
    select quote_ident(n.nspname) as schema, quote_ident(current_user) as role,
      array_agg(distinct format('%I on %s', p.polname, p.polrelid::regclass)) as policies
    from pg_catalog.pg_policy p
    join pg_catalog.pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = p.oid
    left join pg_catalog.pg_class c on d.refclassid = 'pg_class'::regclass and c.oid = d.refobjid
    left join pg_catalog.pg_proc f on d.refclassid = 'pg_proc'::regclass and f.oid = d.refobjid
    left join pg_catalog.pg_type t on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid
    left join pg_catalog.pg_operator o on d.refclassid = 'pg_operator'::regclass and o.oid = d.refobjid
    join pg_catalog.pg_namespace n on n.oid = coalesce(c.relnamespace, f.pronamespace, t.typnamespace, o.oprnamespace)
    where p.oid = any ($1::oid[]) and not has_schema_privilege(current_user, n.oid, 'usage')
    group by n.nspname
    order by 1`,
    [policies.map(({ oid }) => oid)],
  );
  return rows.map(({ schema, role, policies: using }) =>
    obstacle(
      'USAGE_NOT_GRANTED',
      `${role} may not use the schema ${schema}, which the change needs to alter the policy ${using.join(' and ')}: ` +
        `\`grant usage on schema ${schema} to ${role}\`.`,
      { schema, role, policies: using },
    ),
  );
}
