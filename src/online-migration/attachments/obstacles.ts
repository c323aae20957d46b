import type { ColumnChange, Queryable } from '../column-change.ts';
import { defaultObstacles } from './default-obstacles.ts';
import { dependentObstacles, foreignKeyObstacles, indexObstacles } from './dependent-obstacles.ts';
import { readColumnFacts, tableObstacles } from './table-obstacles.ts';
import { typeObstacles } from './type-obstacles.ts';

/**
 * Finds out why a column cannot be changed as it is declared, before anything is changed.
 *
 * 1. The table, the columns and the declaration fit each other.
 * 2. What hangs on the column and can go over does so: indexes, primary key, unique constraints, foreign keys, sequence.
 * 3. Whatever else depends on it is named, as the catalog describes it: views, checks, generated columns, triggers, policies.
 *
 * @returns a sentence for each reason; none where the change can begin
 */
export async function findObstacles(database: Queryable, change: ColumnChange): Promise<string[]> {
  const facts = await readColumnFacts(database, change);
  if (facts === undefined) return [];
  const fromTable = tableObstacles(change, facts);
  // What follows would only repeat that the declaration is of another column or type.
  if (fromTable.length > 0) return fromTable;
  return [
    ...(await typeObstacles(database, change)),
    ...(await defaultObstacles(database, change, facts.default_expression)),
    ...(await indexObstacles(database, change)),
    ...(await foreignKeyObstacles(database, change)),
    ...(await dependentObstacles(database, change)),
  ];
}
