import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import { isStatementsFault } from '../postgres/database-error.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { errorOf, rolledBack } from '../postgres/rolled-back.ts';
import { freeTemporaryNames } from '../postgres/temporary-names.ts';
import type { Side } from '../sync/filled-column.ts';
import { createLentTable, TRIAL_TABLE, TRIAL_TABLE_NAME } from './lent-trial-table.ts';
import { asQuery, meaningTest } from './meaning/kept-meaning.ts';
import { conditionsOf } from './policies.ts';
import { columnNames, spareName } from './under-other-name.ts';
import { replaceRelations } from './qualified-names.ts';
import type { SubqueryPolicy } from './subquery-policies.ts';

/*
 * PostgreSQL itself answers whether the conditions fit the other columns. In a transaction that is rolled back, a temporary
 * table takes the place of the changed one, and its other columns have the first ones' names. A temporary view takes the
 * place of the policy: it selects from the policy's table and has the conditions as its own. That takes ACCESS SHARE on the
 * tables and reads no row.
 */

const TRIAL_VIEW = 'online_migration_policy';
const BY_PLACE = 'it lists the columns of the table by their place, as an alias or `using` does';

/**
 * Tries whether policies can have their conditions for the columns of the other side. An original condition has fit before.
 * @param database one connection, not a pool; its role needs TEMPORARY on the database
 * @param from the side that the conditions use
 * @returns PostgreSQL's reasons against policies, by their names
 */
export async function tryPolicies(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  policies: readonly SubqueryPolicy[],
): Promise<Map<string, string>> {
  const reasons = new Map<string, string>();
  const tried = policies.filter(({ isOriginal = false }) => !isOriginal);
  if (tried.length === 0) return reasons;
  const meaningOf = await meaningTest(database, change, from);
  for (const policy of tried) {
    const { isKept, reason } = await meaningOf(conditionsOf(policy).map(asQuery));
    if (!isKept) reasons.set(policy.name, reason);
  }
  try {
    await rolledBack(database, async () => {
      await freeTemporaryNames(database, [change.table.name, ...tried.map((one) => one.relationName)]);
      await createLentTable(database, change, from, columnNames(change, from));
      // A table can have the name of a type, such as "date", so the temporary schema is searched last.
      await database.query(`set local search_path = pg_catalog, pg_temp`);
      for (const policy of tried) {
        if (reasons.has(policy.name)) continue;
        const reason = await rolledBack(database, () => tryPolicy(database, change, from, policy));
        if (reason !== null) reasons.set(policy.name, reason);
      }
    });
  } catch (error) {
    // The role may be unable to read the table.
    if (!isStatementsFault(error)) throw error;
    for (const { name } of tried) reasons.set(name, error.message);
  }
  return reasons;
}

async function tryPolicy(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  { table, relationName, isOwn, using, withCheck }: SubqueryPolicy,
): Promise<string | null> {
  const { table: changed } = changeNamesOf(change);
  // A condition calls a table by its name alone. If two have the same name, the policy's table has it.
  const trialName = isOwn || relationName !== change.table.name ? change.table.name : TRIAL_TABLE;
  if (trialName !== TRIAL_TABLE) {
    await database.query(`alter table ${TRIAL_TABLE_NAME} rename to ${escapeIdentifier(trialName)}`);
  }
  const trial = `pg_temp.${escapeIdentifier(trialName)}`;
  const conditions = conditionsOf({ using, withCheck }).map(
    (condition) => `(${replaceRelations(condition, [[changed, trial]])})`,
  );
  const error = await errorOf(
    database,
    `create temporary view ${TRIAL_VIEW} as select 1 as one from ${isOwn ? trial : table} where ${conditions.join(' and ')}`,
    isStatementsFault,
  );
  if (error !== null) return error.message;
  const { rows } = await database.query<{ found: boolean }>(
    `
    select exists (
      select from pg_catalog.pg_depend d
      join pg_catalog.pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
      join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      where r.ev_class = to_regclass($1) and d.refclassid = 'pg_class'::regclass and d.refobjid = to_regclass($2)
        and a.attname = any ($3)
    ) as found`,
    [`pg_temp.${TRIAL_VIEW}`, trial, columnNames(change, from).map(spareName)],
  );
  return rows[0]!.found ? BY_PLACE : null;
}
