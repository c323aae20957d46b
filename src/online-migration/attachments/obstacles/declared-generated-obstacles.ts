import type { ColumnChange } from '../../change/column-change.ts';
import { changeNamesOf } from '../../change/names.ts';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { isStatementsFault } from '../../postgres/database-error.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { errorOf } from '../../postgres/rolled-back.ts';
import { type GeneratedColumn, isCarried, readGeneratedColumns } from '../generated-columns.ts';
import { columnsAt } from '../table-column.ts';
import { onTrialTable } from '../trial-table.ts';
import { addGenerated, readExpression } from '../tried-generated.ts';

const DECLARED = 'online_migration_declared';

/**
 * Finds declared expressions of virtual columns that do not use the old columns, or that have another expression, an obstacle
 * each.
 * @param columns the generated columns that use the old columns
 */
export async function declaredGeneratedObstacles(
  database: Queryable,
  change: ColumnChange,
  columns: readonly GeneratedColumn[],
): Promise<Obstacle[]> {
  const declared = change.columns.flatMap(({ from }) =>
    Object.entries(from.generated ?? {}).map(([name, expression]) => ({
      name,
      expression,
      column: from.name,
    })),
  );
  if (declared.length === 0) return [];
  // From contract on, the virtual columns use the new columns.
  const onNew = await readGeneratedColumns(database, columnsAt(change, 'new'));
  return onTrialTable(database, change, 'old', async ({ table: trial }) => {
    const obstacles: Obstacle[] = [];
    for (const { name, expression, column } of declared) {
      const found = columns.find((one) => one.name === name && isCarried(one));
      if (found === undefined) {
        if ([...columns, ...onNew].some((one) => one.name === name)) continue;
        obstacles.push(
          obstacle(
            'GENERATED_COLUMN_NOT_FOUND',
            `${change.table.name} has no virtual column ${name} that uses ${column}: take it out of \`generated\`.`,
            { table: changeNamesOf(change).table, column: name },
          ),
        );
      } else if (!(await isSameExpression(database, trial, found, expression))) {
        obstacles.push(
          obstacle(
            'GENERATED_COLUMN_DIFFERS',
            `The expression of the generated column ${name} is ${found.expression}: declare \`from.generated\` exactly so, for the way back.`,
            { column: name, declared: expression, found: found.expression },
          ),
        );
      }
    }
    return obstacles;
  });
}

/** PostgreSQL writes both expressions in the same form. */
async function isSameExpression(
  database: Queryable,
  trial: string,
  column: GeneratedColumn,
  declared: string,
): Promise<boolean> {
  const statement = addGenerated(trial, DECLARED, column, declared);
  if ((await errorOf(database, statement, isStatementsFault)) !== null) return false;
  const written = await readExpression(database, trial, DECLARED);
  await database.query(`alter table ${trial} drop column ${DECLARED}`);
  return written === column.expression;
}
