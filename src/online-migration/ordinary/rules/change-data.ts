import type { RangeVar } from 'libpg-query';
import { asKind, type Statement } from '../../sql/statements.ts';
import type { Rule } from '../planning/rule.ts';
import { asWritten, tableInUse } from '../planning/verdicts.ts';

/** Up to this number of rows, by PostgreSQL's estimate, one statement is short. */
const FEW_ROWS = 10_000;

/**
 * `update`, `delete`, `merge`, `insert … select`: the rows stay locked, and one snapshot is held, until the last of them is written.
 */
export const changeData: Rule = async (statement, context) => {
  const target = targetOf(statement);
  if (target === undefined) return undefined;
  const { relation, sources } = target;
  for (const each of [relation, ...sources]) {
    const table = await tableInUse(each, context);
    if (table === undefined || table.rows <= FEW_ROWS) continue;
    return {
      kind: 'refused',
      reason: `${table.name} has about ${Math.round(table.rows)} rows, and they would be locked until the last of them is written`,
      instead: 'write the rows in batches, each in a transaction of its own',
    };
  }
  return asWritten();
};

function targetOf({ tree }: Statement): { relation: RangeVar; sources: RangeVar[] } | undefined {
  const changed = asKind(tree, 'UpdateStmt') ?? asKind(tree, 'DeleteStmt') ?? asKind(tree, 'MergeStmt');
  if (changed?.relation !== undefined) return { relation: changed.relation, sources: [] };
  const insert = asKind(tree, 'InsertStmt');
  const from = asKind(insert?.selectStmt, 'SelectStmt')?.fromClause;
  if (insert?.relation === undefined || from === undefined) return undefined;
  return { relation: insert.relation, sources: from.flatMap((node) => asKind(node, 'RangeVar') ?? []) };
}
