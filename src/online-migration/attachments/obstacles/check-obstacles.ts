import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { isStatementsFault } from '../../postgres/database-error.ts';
import { changeNamesOf } from '../../change/names.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { errorOf } from '../../postgres/rolled-back.ts';
import { otherSide, type Side } from '../../sync/filled-column.ts';
import { readAttachments } from '../attachments.ts';
import { readStatistics } from '../extended-statistics.ts';
import { columnsAt, typesAt } from '../table-column.ts';
import { type CarriedCheck, withoutNotValid } from '../checks.ts';
import { describeFilter } from '../published-tables.ts';
import { reasonOf, type Translations } from '../translated.ts';
import { onTrialTable } from '../trial-table.ts';

/** Finds checks of the columns on one side that cannot be carried over, an obstacle each. */
export function checkObstacles(
  change: ColumnChange,
  side: Side,
  checks: readonly CarriedCheck[],
  translations: Translations['checks'],
): Obstacle[] {
  const type = typesAt(change, otherSide(side));
  return checks.flatMap(({ name, expression }) => {
    const reason = reasonOf(translations, name);
    if (reason === null) return [];
    return [
      obstacle(
        'CHECK_NOT_CARRIED',
        `The check ${name}, ${expression}, does not fit ${type}: ${reason}. Declare its condition for both types, under this ` +
          `name, in \`from.checks\` and \`to.checks\`.`,
        { check: name, expression, type, reason },
      ),
    ];
  });
}

/** Checks, policies, row filters, generated columns and statistics that the new columns got meanwhile, which their drop would take along; an obstacle each. */
export async function addedObstacles(database: Queryable, change: ColumnChange): Promise<Obstacle[]> {
  const own = await readAttachments(database, change, 'new');
  const statistics = await readStatistics(database, columnsAt(change, 'new'));
  const { table } = changeNamesOf(change);
  const column = columnsAt(change, 'new').columns.join(' or ');
  return [
    ...own.checks.map(({ name }) => `check ${name} of ${table}`),
    ...own.policies.map(({ name }) => `policy ${name} of ${table}`),
    ...own.subqueryPolicies.map(({ policyName, table: owner }) => `policy ${policyName} of ${owner}`),
    ...own.filters.map((filter) => describeFilter(filter)),
    ...own.generated.map(({ name }) => `generated column ${name} of ${table}`),
    ...statistics.map(({ name }) => `statistics object ${name}`),
  ].map((object) =>
    obstacle('DEPENDENT_OBJECT', `The ${object} uses ${column} and would go with it: drop it first.`, {
      table,
      column,
      object,
    }),
  );
}

/** Finds declared checks that the old columns do not have, or have with another condition, an obstacle each. */
export async function declaredCheckObstacles(
  database: Queryable,
  change: ColumnChange,
  checks: readonly CarriedCheck[],
): Promise<Obstacle[]> {
  const declared = change.columns.flatMap(({ from }) =>
    Object.entries(from.checks ?? {}).map(([name, expression]) => ({ name, expression, column: from.name })),
  );
  if (declared.length === 0) return [];
  // After a revert of contract, the checks still belong to the new columns.
  const { checks: onNew } = await readAttachments(database, change, 'new');
  return onTrialTable(database, change, 'old', async ({ table: trial }) => {
    const obstacles: Obstacle[] = [];
    for (const { name, expression, column } of declared) {
      const found = checks.find((check) => check.name === name);
      if (found === undefined) {
        if (onNew.some((check) => check.name === name)) continue;
        obstacles.push(
          obstacle(
            'CHECK_NOT_FOUND',
            `${change.table.name} has no check ${name} that uses ${column}: take it out of \`checks\`.`,
            { table: changeNamesOf(change).table, check: name },
          ),
        );
      } else if (!(await isSameCondition(database, trial, expression, found))) {
        obstacles.push(
          obstacle(
            'CHECK_DIFFERS',
            `The check ${name} is ${found.expression}: declare \`from.checks\` exactly so, for the way back.`,
            { check: name, declared: expression, found: found.expression },
          ),
        );
      }
    }
    return obstacles;
  });
}

/** PostgreSQL writes both conditions in the same form. */
async function isSameCondition(
  database: Queryable,
  trial: string,
  declared: string,
  { definition }: CarriedCheck,
): Promise<boolean> {
  const statement = `alter table ${trial} add constraint declared check (${declared})`;
  if ((await errorOf(database, statement, isStatementsFault)) !== null) return false;
  const { rows } = await database.query<{ definition: string }>(
    `
    select pg_get_constraintdef(oid) as definition from pg_catalog.pg_constraint
    where conrelid = to_regclass($1) and conname = 'declared'`,
    [trial],
  );
  await database.query(`alter table ${trial} drop constraint declared`);
  return rows[0]?.definition === withoutNotValid(definition).replace(/ (NO INHERIT|NOT ENFORCED)$/, '');
}
