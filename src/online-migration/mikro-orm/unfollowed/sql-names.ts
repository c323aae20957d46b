import type { Node } from 'libpg-query';

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
export function nameInResult(node: Node | undefined): string[] | undefined {
  if (node === undefined) return [];
  if ('ColumnRef' in node) return namePath(node.ColumnRef.fields).slice(-1);
  if ('FuncCall' in node) return namePath(node.FuncCall.funcname).slice(-1);
  if ('A_Const' in node || 'ParamRef' in node || 'A_Expr' in node) return [];
  return 'TypeCast' in node ? nameInResult(node.TypeCast.arg) : undefined;
}
