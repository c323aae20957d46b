import { escapeIdentifier } from 'pg';
import { asKind } from '../../sql/statements.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { Rule, Verdict } from '../planning/rule.ts';

/**
 * `set tablespace` of an index, of a materialized view or of all tables: it is copied under ACCESS EXCLUSIVE, and no query can use its
 * table. Refused. An index is built anew in the other tablespace. That of a partitioned table has no rows: a change of the catalog.
 */
export const moveStorage: Rule = async ({ tree }, { catalog, made }) => {
  if (asKind(tree, 'AlterTableMoveAllStmt') !== undefined)
    return refused('use pg_repack, which can move a table to another tablespace');
  const { objtype, relation, cmds = [] } = asKind(tree, 'AlterTableStmt') ?? {};
  const move = cmds
    .map((node) => asKind(node, 'AlterTableCmd'))
    .find((command) => command?.subtype === 'AT_SetTableSpace');
  if (relation === undefined || move?.name === undefined) return undefined;
  if (objtype === 'OBJECT_MATVIEW') return refused('make another one there, and exchange the names');
  // `alter table` also takes the name of an index.
  const kind = (await catalog.readTable(made.inCatalog(relation)))?.kind;
  if (kind !== 'i' && (objtype !== 'OBJECT_INDEX' || kind === 'I')) return undefined;
  return refused(
    `\`reindex (tablespace ${escapeIdentifier(move.name)}) index concurrently ${nameOf(relation)}\``,
  );
};

function refused(instead: string): Verdict {
  return { kind: 'refused', reason: 'it copies it while no query can use it', instead };
}
