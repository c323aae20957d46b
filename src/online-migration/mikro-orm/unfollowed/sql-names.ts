import type { Node } from 'libpg-query';
import { allColumns, type Columns, type Scope, UNKNOWN_COLUMNS } from './visible-columns.ts';

/** The names in a list of nodes, without `*`. */
export function namePath(nodes: readonly Node[] = []): string[] {
  return nodes.flatMap((node) => ('String' in node ? (node.String.sval ?? []) : []));
}

/** The columns that a list assigns, or that it names for an index. */
export function givenNames(nodes: readonly Node[] = []): string[] {
  return nodes.flatMap((node) => {
    if ('ResTarget' in node) return node.ResTarget.name ?? [];
    return 'IndexElem' in node ? (node.IndexElem.name ?? []) : [];
  });
}

/**
 * The name of an expression without an alias in a result.
 * @returns the name, none, or undefined if it is not certain
 */
function nameInResult(node: Node | undefined): string[] | undefined {
  if (node === undefined) return [];
  if ('ColumnRef' in node) return namePath(node.ColumnRef.fields).slice(-1);
  if ('FuncCall' in node) return namePath(node.FuncCall.funcname).slice(-1);
  if ('A_Const' in node || 'ParamRef' in node || 'A_Expr' in node) return [];
  return 'TypeCast' in node ? nameInResult(node.TypeCast.arg) : undefined;
}

/** The columns of a result, by the expressions of `select` or `returning`. */
export function resultOf(targets: readonly Node[] = [], scope: Scope): Columns {
  return allColumns(
    targets.map((node) => {
      const { name, val } = 'ResTarget' in node ? node.ResTarget : {};
      if (name !== undefined) return { given: new Set([name]), tables: [], isOpen: false };
      const fields = val !== undefined && 'ColumnRef' in val ? (val.ColumnRef.fields ?? []) : [];
      if (fields.some((field) => 'A_Star' in field)) {
        const [qualifier] = namePath(fields).toReversed();
        if (qualifier === undefined) return allColumns(scope.relations);
        return scope.relation(qualifier) ?? UNKNOWN_COLUMNS;
      }
      const own = nameInResult(val);
      return { given: new Set(own), tables: [], isOpen: own === undefined };
    }),
  );
}

/** `as o(a, b)` renames the first columns. */
export function renamed(columns: Columns, names: readonly Node[] | undefined): Columns {
  return names === undefined ? columns : { ...UNKNOWN_COLUMNS, given: new Set(namePath(names)) };
}
