import { asKind } from '../../sql/statements.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule } from '../planning/rule.ts';
import { reindexTable } from '../planning/step.ts';
import { asWritten, onFreeTable, tableInUse, written } from '../planning/verdicts.ts';

/**
 * `reindex`: SHARE on the table, and ACCESS EXCLUSIVE on the index, for the time of the build.
 *
 * 1. `reindex … concurrently`: builds each index beside the old one, and changes places. An INVALID index that an interrupted run has left is
 *    dropped.
 *
 * That of a schema, of the database or of the system catalogs is refused: there, one failure leaves many tables undone.
 */
export const reindex: Rule = async ({ tree }, context) => {
  const statement = asKind(tree, 'ReindexStmt');
  if (statement === undefined) return undefined;
  const { kind, relation, params = [] } = statement;
  if (relation === undefined || (kind !== 'REINDEX_OBJECT_INDEX' && kind !== 'REINDEX_OBJECT_TABLE')) {
    return {
      kind: 'refused',
      reason: 'it builds all indexes of many tables, each while nobody can write to the table',
      instead: 'write `reindex table … concurrently` for each table that needs it',
    };
  }
  const isIndex = kind === 'REINDEX_OBJECT_INDEX';
  const table = isIndex ? await context.catalog.findTableOfIndex(relation) : relation;
  // PostgreSQL says that it does not exist.
  if (table === undefined) return asWritten();
  const isConcurrent = params.some((option) => asKind(option, 'DefElem')?.defname === 'concurrently');
  const used = await tableInUse(table, context);
  if (used === undefined && !isConcurrent) return onFreeTable(table, context);
  const concurrently = { DefElem: { defname: 'concurrently', defaction: 'DEFELEM_UNSPEC' as const } };
  const options = isConcurrent ? params : [...params, concurrently];
  return written({ ReindexStmt: { ...statement, params: options } }, context, (sql) => ({
    kind: 'steps',
    reason: isConcurrent
      ? 'it cannot run in a transaction'
      : 'it builds indexes while nobody can write to the table',
    steps: [reindexTable(sql, used?.name ?? nameOf(table))],
  }));
};
