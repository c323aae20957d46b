import { asKind, type NodeOf } from '../../sql/statements.ts';
import { chooseName, nameOfPostgres } from '../planning/choose-name.ts';
import { besideName, nameOf } from '../planning/relation-names.ts';
import type { Rule } from '../planning/rule.ts';
import type { Step } from '../planning/step.ts';
import { asWritten, onFreeTable, tableInUse, written } from '../planning/verdicts.ts';

/**
 * `create index`: SHARE for the time of the build, so nobody writes to the table.
 *
 * 1. `create index concurrently`. It waits for transactions that are older, and blocks neither reads nor writes.
 */
export const createIndex: Rule = async ({ tree, text }, context) => {
  const index = asKind(tree, 'IndexStmt');
  if (index?.relation === undefined) return undefined;
  const { relation } = index;
  const table = await tableInUse(relation, context);
  if (index.concurrent && index.idxname !== undefined) {
    const name =
      table === undefined
        ? besideName(relation, index.idxname)
        : nameOf({ schemaname: table.schema, relname: index.idxname });
    return {
      kind: 'steps',
      reason: 'it cannot run in a transaction',
      steps: [buildIndex(text, name, nameOf(relation))],
    };
  }
  if (table === undefined) return onFreeTable(relation, context);
  if (table.kind === 'p' && relation.inh) {
    return {
      kind: 'refused',
      reason: 'it builds the index of every partition while nobody can write to them',
      instead:
        'create it `on only` the partitioned table, create the index of each partition, and attach them with `alter index … attach partition`',
    };
  }
  // The index of the table alone is not built.
  if (table.kind === 'p') return asWritten(table.name);
  const idxname =
    index.idxname ??
    (await nameOfPostgres(context, relation, (trial) => ({ IndexStmt: { ...index, relation: trial } }))) ??
    (await chooseName(context, relation, [...columnsOf(index), 'idx']));
  return written({ IndexStmt: { ...index, idxname, concurrent: true } }, context, (sql) => ({
    kind: 'steps',
    reason: 'it reads the whole table while nobody can write to it',
    steps: [buildIndex(sql, nameOf({ schemaname: table.schema, relname: idxname }), table.name)],
  }));
};

/** The columns, in the name that PostgreSQL gives. */
function columnsOf({ indexParams = [] }: NodeOf<'IndexStmt'>): string[] {
  return indexParams.map((param) => asKind(param, 'IndexElem')?.name ?? 'expr');
}

/** The step that builds an index beside the traffic of its table. */
export function buildIndex(statement: string, index: string, table: string): Step {
  return {
    kind: 'build-index',
    statements: [statement],
    relations: [table],
    lock: 'SHARE UPDATE EXCLUSIVE',
    index,
  };
}
