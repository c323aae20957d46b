import { asKind } from '../../sql/statements.ts';
import { chooseName, columnsOfIndex, nameOfPostgres } from '../planning/choose-name.ts';
import { outsideStep } from '../planning/outside-step.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule } from '../planning/rule.ts';
import { buildIndex } from '../planning/step.ts';
import { asWritten, onFreeTable, tableInUse, written } from '../planning/verdicts.ts';

/**
 * `create index`: SHARE for the time of the build, so nobody writes to the table.
 *
 * 1. `create index concurrently`. It waits for transactions that are older, and blocks neither reads nor writes.
 */
export const createIndex: Rule = async (statement, context) => {
  const index = asKind(statement.tree, 'IndexStmt');
  if (index?.relation === undefined) return undefined;
  const { relation } = index;
  const table = await tableInUse(relation, context);
  if (index.concurrent) {
    return {
      kind: 'steps',
      reason: 'it cannot run in a transaction',
      steps: [await outsideStep(statement, context)],
    };
  }
  if (table === undefined) return onFreeTable(relation, context);
  // The index of the table alone is not built.
  if (table.kind === 'p') return asWritten(table.name);
  const idxname =
    index.idxname ??
    (await nameOfPostgres(context, relation, (trial) => ({ IndexStmt: { ...index, relation: trial } }))) ??
    (await chooseName(context, relation, [...columnsOfIndex(index), 'idx']));
  return written({ IndexStmt: { ...index, idxname, concurrent: true } }, context, (sql) => ({
    kind: 'steps',
    reason: 'it reads the whole table while nobody can write to it',
    steps: [buildIndex(sql, nameOf({ schemaname: table.schema, relname: idxname }), table.name)],
  }));
};
