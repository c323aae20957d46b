import { escapeIdentifier } from 'pg';
import { asKind } from '../../sql/statements.ts';
import type { Rule } from '../planning/rule.ts';
import { asWritten } from '../planning/verdicts.ts';
import { stringsOf } from '../planning/table-command.ts';

/**
 * `drop index`: ACCESS EXCLUSIVE on the table. Short, but every reader waits behind the request.
 *
 * 1. `drop index concurrently`, for each index.
 */
export const dropIndex: Rule = async ({ tree }, { database }) => {
  const drop = asKind(tree, 'DropStmt');
  if (drop?.removeType !== 'OBJECT_INDEX') return undefined;
  const names = (drop.objects ?? []).map((object) =>
    stringsOf(asKind(object, 'List')?.items).map(escapeIdentifier).join('.'),
  );
  const { rows } = await database.query<{
    name: string;
    table: string;
    isFree: boolean;
    isPartitioned: boolean;
  }>(
    `
    select name, i.indrelid::regclass::text as table, pg_relation_size(i.indrelid) = 0 as "isFree", c.relkind = 'I' as "isPartitioned"
    from unnest($1::text[]) with ordinality as wanted (name, position)
    join pg_catalog.pg_index i on i.indexrelid = to_regclass(name)
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    order by position`,
    [names],
  );
  // An index that does not exist is PostgreSQL's to report. One of a partitioned table cannot be dropped concurrently.
  const cannot = rows.length < names.length || drop.behavior === 'DROP_CASCADE';
  if (!drop.concurrent && (cannot || rows.some(({ isFree, isPartitioned }) => isFree || isPartitioned))) {
    return asWritten(...rows.map(({ table }) => table));
  }
  return {
    kind: 'steps',
    reason: 'every reader of the table would wait behind the request for the lock',
    steps: names.map((name) => ({
      kind: 'drop-index',
      statements: [`drop index concurrently ${drop.missing_ok ? 'if exists ' : ''}${name}`],
      relations: rows.filter((row) => row.name === name).map(({ table }) => table),
      lock: 'SHARE UPDATE EXCLUSIVE',
      index: name,
    })),
  };
};
