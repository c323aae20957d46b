import { escapeLiteral } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { hasWayBack } from '../change/changed-column.ts';
import { changeNamesOf } from '../change/names.ts';
import { EMPTY_PLAN, type LockedPlan } from '../postgres/exclusive-lock.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Side } from '../sync/filled-column.ts';
import { withCatalogSearchPath } from './catalog-search-path.ts';
import { policyStatement } from './policies.ts';
import { columnsAt } from './table-column.ts';
import { columnNames, lendNames, returnNames } from './under-other-name.ts';
import { readPoliciesToCarry, recordConditionsStatement } from './original-conditions.ts';
import { policySet, STORED, type SubqueryPolicy, tablesToLock } from './subquery-policies.ts';
import { tryPolicies } from './try-subquery-policies.ts';

/**
 * Plans how the policies that read the columns of one side in a subquery read those of the other side. All statements only
 * change the catalog. A policy that does not fit the other columns stays as it is, and the phase that drops the columns
 * names it.
 *
 * 1. Before the table's lock: lock the other tables that have the policies.
 * 2. Under the lock: see that the policies are as they were read.
 * 3. Give the other columns the first ones' names, and alter the policies to their own conditions. A policy that comes back
 *    has its original conditions, which name the other columns.
 * 4. For a change that has a way back, record the original conditions.
 *
 * @param from the side that the policies read
 */
export async function planPolicies(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<LockedPlan> {
  const found = await readPoliciesToCarry(database, change, from);
  const reasons = await tryPolicies(database, change, from, found);
  const policies = found.filter(({ name }) => !reasons.has(name));
  if (policies.length === 0) return EMPTY_PLAN;
  const [originals, lent] = [true, false].map((wanted) =>
    policies.filter(({ isOriginal = false }) => isOriginal === wanted).map(alterStatement),
  );
  const { table } = changeNamesOf(change);
  const names = columnNames(change, from);
  return {
    statements: await withCatalogSearchPath(database, [
      requireUnaltered(change, from, found),
      ...originals!,
      ...(lent!.length === 0 ? [] : [...lendNames(table, names), ...lent!, ...returnNames(table, names)]),
      ...(from === 'old' && hasWayBack(change) ? [recordConditionsStatement(change, policies)] : []),
    ]),
    furtherTables: tablesToLock(policies),
  };
}

function alterStatement({ table, policyName, using, withCheck }: SubqueryPolicy): string {
  return policyStatement(table, policyName, { using, withCheck });
}

/**
 * The statement that looks whether the policies are as they were read. The table's first lock does not protect policies of
 * other tables. If one has been altered, made or dropped since, the lock counts as not granted, and the next try reads them
 * again.
 */
function requireUnaltered(change: ColumnChange, from: Side, policies: readonly SubqueryPolicy[]): string {
  const { table, columns } = columnsAt(change, from);
  const list = columns.map((name) => escapeLiteral(name)).join(', ');
  const expected = policies.map(({ oid, stored, policyName }) => `${oid} ${stored} ${policyName}`);
  const check = `
    begin
      if exists (
        with expected as (select unnest(array[${expected.map((one) => escapeLiteral(one)).join(', ')}]) as policy),
        found as (
          select format('%s %s %s', p.oid, ${STORED}, p.polname) as policy
          from ${policySet(escapeLiteral(table), `array[${list}]::name[]`)}
        )
        (table expected except table found) union all (table found except table expected)
      ) then
        raise exception using errcode = 'lock_not_available', message = 'a policy has been altered';
      end if;
    end`;
  return `do ${escapeLiteral(check)}`;
}
