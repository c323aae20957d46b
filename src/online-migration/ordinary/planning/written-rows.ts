import type { Node, RangeVar, WithClause } from 'libpg-query';
import { asKind, type NodeOf } from '../../sql/statements.ts';

/** Statements that write rows. */
const WRITING = ['UpdateStmt', 'DeleteStmt', 'InsertStmt', 'MergeStmt'] as const;

/**
 * The queries that return a row for each row which a statement writes: one for the statement, and one for each that is in its common
 * table expressions.
 */
export function writtenRowsOf(tree: Node): Node[] {
  return writtenIn(tree, []);
}

function writtenIn(part: unknown, around: readonly Node[]): Node[] {
  if (typeof part !== 'object' || part === null) return [];
  const ctes = [...around, ...readingIn(part as Node)];
  const rows = rowsOf(part as Node);
  const withClause = ctes.length === 0 ? {} : { withClause: { ctes } };
  const own: Node[] =
    rows === undefined
      ? []
      : [{ SelectStmt: { ...rows, ...withClause, limitOption: 'LIMIT_OPTION_DEFAULT', op: 'SETOP_NONE' } }];
  return [...own, ...Object.values(part).flatMap((child) => writtenIn(child, ctes))];
}

/** The common table expressions of a statement that only read. */
function readingIn(node: Node): Node[] {
  const [statement] = Object.values(node) as { readonly withClause?: WithClause }[];
  return (statement?.withClause?.ctes ?? []).filter(
    (cte) => !isWriting(asKind(cte, 'CommonTableExpr')?.ctequery),
  );
}

function isWriting(part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return false;
  return WRITING.some((kind) => kind in part) || Object.values(part).some(isWriting);
}

function rowsOf(node: Node): NodeOf<'SelectStmt'> | undefined {
  const update = asKind(node, 'UpdateStmt');
  if (update?.relation !== undefined) return rowsWith(update.relation, update.fromClause, update.whereClause);
  const remove = asKind(node, 'DeleteStmt');
  if (remove?.relation !== undefined)
    return rowsWith(remove.relation, remove.usingClause, remove.whereClause);
  const subquery = asKind(node, 'InsertStmt')?.selectStmt;
  if (subquery !== undefined)
    return select([{ RangeSubselect: { subquery, alias: { aliasname: 'inserted' } } }]);
  const merge = asKind(node, 'MergeStmt');
  return merge && mergedRows(merge);
}

/** The rows of a table that meet a condition, perhaps on rows of other tables. */
function rowsWith(
  relation: RangeVar,
  others: readonly Node[] | undefined,
  condition: Node | undefined,
): NodeOf<'SelectStmt'> {
  const table = [{ RangeVar: relation }];
  if (others === undefined) return select(table, condition);
  const subselect: Node = {
    SelectStmt: { ...select(others, condition), limitOption: 'LIMIT_OPTION_DEFAULT', op: 'SETOP_NONE' },
  };
  return select(table, { SubLink: { subLinkType: 'EXISTS_SUBLINK', subselect } });
}

function mergedRows(merge: NodeOf<'MergeStmt'>): NodeOf<'SelectStmt'> | undefined {
  const { relation, sourceRelation, joinCondition, mergeWhenClauses = [] } = merge;
  if (relation === undefined || sourceRelation === undefined || joinCondition === undefined) return undefined;
  const kinds = mergeWhenClauses.flatMap((node) => {
    const clause = asKind(node, 'MergeWhenClause');
    return clause?.commandType === 'CMD_NOTHING' ? [] : [clause?.matchKind];
  });
  const [byTarget, bySource] = [
    kinds.includes('MERGE_WHEN_NOT_MATCHED_BY_TARGET'),
    kinds.includes('MERGE_WHEN_NOT_MATCHED_BY_SOURCE'),
  ];
  const outer = byTarget ? (bySource ? 'JOIN_FULL' : 'JOIN_LEFT') : bySource ? 'JOIN_RIGHT' : 'JOIN_INNER';
  const joined: Node = {
    JoinExpr: {
      jointype: outer,
      larg: sourceRelation,
      rarg: { RangeVar: relation },
      quals: joinCondition,
    },
  };
  return select([joined]);
}

function select(fromClause: readonly Node[], whereClause?: Node): NodeOf<'SelectStmt'> {
  return {
    targetList: [{ ResTarget: { val: { A_Const: { ival: { ival: 1 } } } } }],
    fromClause: [...fromClause],
    ...(whereClause !== undefined && { whereClause }),
  };
}
