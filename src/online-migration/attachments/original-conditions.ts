import { escapeLiteral } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { readDefinitions, recordDefinitionsStatement } from '../state/definitions.ts';
import type { Side } from '../sync/filled-column.ts';
import type { PolicyConditions } from './policies.ts';
import { columnsAt } from './table-column.ts';
import { readSubqueryPolicies, STORED, type SubqueryPolicy } from './subquery-policies.ts';

/**
 * Reads the policies that read the columns of one side in a subquery. A policy of new columns that is still as contract
 * made it has the conditions that it had for the old ones, byte for byte.
 */
export async function readPoliciesToCarry(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<SubqueryPolicy[]> {
  const policies = await readSubqueryPolicies(database, columnsAt(change, from));
  if (from === 'old' || policies.length === 0) return policies;
  const recorded = (await readDefinitions(database, change)).filter(({ kind }) => kind === 'policy');
  return policies.map((policy) => {
    const original = recorded.find(
      ({ name, newDefinition }) => name === policy.name && newDefinition === policy.stored,
    );
    if (original === undefined) return policy;
    const { using, withCheck } = JSON.parse(original.oldDefinition) as PolicyConditions;
    return { ...policy, using, withCheck, isOriginal: true };
  });
}

/**
 * The statement that records the conditions for the old columns. It runs when the policies use the new columns. The way back
 * knows by the stored form whether a policy is unaltered: its text changes with the names of the table's columns.
 * @param policies the policies of the old columns
 */
export function recordConditionsStatement(change: ColumnChange, policies: readonly SubqueryPolicy[]): string {
  const originals = JSON.stringify(
    policies.map(({ oid, name, using, withCheck }) => ({
      oid,
      name,
      conditions: JSON.stringify({ using, withCheck }),
    })),
  );
  return recordDefinitionsStatement(
    change,
    'policy',
    `
      select wanted.name, wanted.conditions, ${STORED}
      from jsonb_to_recordset(${escapeLiteral(originals)}::jsonb) as wanted (oid oid, name text, conditions text)
      join pg_catalog.pg_policy p on p.oid = wanted.oid`,
  );
}
