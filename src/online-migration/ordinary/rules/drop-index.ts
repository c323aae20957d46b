import { escapeIdentifier } from 'pg';
import { asKind } from '../../sql/statements.ts';
import type { Rule } from '../planning/rule.ts';
import { dropIndex as droppingIndex } from '../planning/step.ts';
import { asWritten } from '../planning/verdicts.ts';
import { stringsOf } from '../planning/table-command.ts';

/**
 * `drop index`: ACCESS EXCLUSIVE on the table. Short, but every reader waits behind the request.
 *
 * 1. `drop index concurrently`, for each index.
 */
export const dropIndex: Rule = async ({ tree }, { catalog }) => {
  const drop = asKind(tree, 'DropStmt');
  if (drop?.removeType !== 'OBJECT_INDEX') return undefined;
  const names = (drop.objects ?? []).map((object) =>
    stringsOf(asKind(object, 'List')?.items).map(escapeIdentifier).join('.'),
  );
  const indexes = await catalog.readIndexes(names);
  // An index that does not exist is PostgreSQL's to report. One of a partitioned table cannot be dropped concurrently.
  const cannot = indexes.length < names.length || drop.behavior === 'DROP_CASCADE';
  if (!drop.concurrent && (cannot || indexes.some(({ isFree, isPartitioned }) => isFree || isPartitioned))) {
    return asWritten(...indexes.flatMap(({ table }) => table ?? []));
  }
  return {
    kind: 'steps',
    reason: 'every reader of the table would wait behind the request for the lock',
    steps: names.map((name) =>
      droppingIndex(
        `drop index concurrently ${drop.missing_ok ? 'if exists ' : ''}${name}`,
        name,
        indexes.flatMap((index) => (index.name === name ? (index.table ?? []) : [])),
      ),
    ),
  };
};
