import { asKind } from '../../sql/statements.ts';
import { droppedRelations } from '../planning/dropped-objects.ts';
import type { Rule } from '../planning/rule.ts';
import { tableInUse } from '../planning/verdicts.ts';

/**
 * `drop table` of a table with rows, after a statement that makes one with the same columns: a table that MikroORM should have renamed, or
 * moved to another schema. All rows would be lost.
 */
export const dropRenamed: Rule = async ({ tree }, context) => {
  const drop = asKind(tree, 'DropStmt');
  if (drop?.removeType !== 'OBJECT_TABLE') return undefined;
  for (const relation of droppedRelations(drop)) {
    const table = await tableInUse(relation, context);
    const columns = table?.columns ?? null;
    const renamed = columns === null ? undefined : context.made.tableWith(Object.keys(columns));
    if (table === undefined || renamed === undefined) continue;
    return {
      kind: 'refused',
      reason: `all rows of ${table.name} are lost: ${renamed}, which an earlier statement makes, has the same columns and no rows`,
      instead: `if the table has got another name, rename it in place of both statements: \`alter table ${table.name} rename to <name>\`, with a view under the old name as long as processes use it`,
    };
  }
  return undefined;
};
