import { isStatementsFault } from '../../postgres/database-error.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { errorOf } from '../../postgres/rolled-back.ts';
import { otherSide, type Side } from '../../sync/filled-column.ts';
import { type CarriedStatistics, readStatistics } from '../extended-statistics.ts';
import { columnsAt, otherTypes, typesAt } from '../table-column.ts';
import { readTrialRole } from '../trial-role.ts';
import { onTrialTable } from '../trial-table.ts';
import { canBeIndexed } from './index-obstacles.ts';
import { remakeRights } from './remake-rights.ts';
import { trialObstacles } from './trial-obstacles.ts';

/**
 * Finds extended statistics that the types of the other columns cannot have, and rights that the migrating role lacks to
 * make them anew, an obstacle each.
 * @param side the side that has them
 */
export async function statisticsObstacles(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<Obstacle[]> {
  const statistics = await readStatistics(database, columnsAt(change, side));
  const withExpressions = statistics.filter(({ expressions }) => expressions.length > 0);
  const obstacles = [
    ...(await remakeRights(
      database,
      'statistics object',
      statistics.map(({ oid }) => oid),
    )),
    ...(await trialObstacles(
      database,
      withExpressions.map(({ name }) => name),
      await readTrialRole(database, change),
    )),
  ];
  if (obstacles.length > 0) return obstacles;
  const types = otherTypes(change, side);
  const reasons = await tryExpressions(database, change, side, withExpressions);
  for (const { name, columns } of statistics) {
    for (const column of columns) {
      const type = types.get(column)!;
      if (!(await canBeIndexed(database, 'btree', type))) reasons.set(name, 'the type has no order');
    }
  }
  const type = typesAt(change, otherSide(side));
  return statistics
    .filter(({ name }) => reasons.has(name))
    .map(({ name, definition }) =>
      obstacle(
        'STATISTICS_NOT_CARRIED',
        `The extended statistics ${name} cannot be made for ${type}: ${reasons.get(name)}. Drop them for the time of the change, ` +
          `\`drop statistics ${name}\`; they are \`${definition}\`.`,
        { statistics: name, type, reason: reasons.get(name)! },
      ),
    );
}

/** PostgreSQL must know the expressions for the other type, and an order of their results. */
async function tryExpressions(
  database: Queryable,
  change: ColumnChange,
  side: Side,
  statistics: readonly CarriedStatistics[],
): Promise<Map<string, string>> {
  const reasons = new Map<string, string>();
  if (statistics.length === 0) return reasons;
  await onTrialTable(database, change, side, async ({ table, convert }) => {
    await convert();
    for (const { name, expressions } of statistics) {
      for (const expression of expressions) {
        const statement = `select from ${table} order by (${expression})`;
        const error = await errorOf(database, statement, isStatementsFault);
        if (error !== null) reasons.set(name, error.message);
      }
    }
  });
  return reasons;
}
