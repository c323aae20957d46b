import type { Node } from 'libpg-query';
import { asKind } from '../../sql/statements.ts';

/** A comparison of a column's value. */
export interface Comparison {
  /** The column's name, or one that a query gives it, unquoted. */
  readonly column: string;
  /** A constant, or the name of another column. */
  readonly other: { readonly constant: Node } | { readonly column: string };
  /** Whether the result depends on the order of values: `<`, but not `=`. */
  readonly isOrdered: boolean;
}

/** How statements use columns. */
export interface ValueUses {
  readonly comparisons: readonly Comparison[];
  /** The columns that are used in any other way: in a calculation, as an argument, as a condition. */
  readonly others: ReadonlySet<string>;
}

const ORDER = new Set(['<', '<=', '>', '>=']);
const OPERATORS = new Set(['=', '<>', ...ORDER]);
const COMPARING = new Set([
  'AEXPR_OP',
  'AEXPR_OP_ANY',
  'AEXPR_OP_ALL',
  'AEXPR_IN',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
]);
/** Types to which PostgreSQL converts both sides of a comparison without changing the value. */
const WIDER_TYPES = new Set(['text', 'numeric', 'float8']);
/** Functions whose result changes as the values do. */
const SELECTING = new Set(['min', 'max', 'sum', 'avg']);
/** Lists of a query. A column in one of them has no other meaning than its value. */
const PASSING_LISTS = new Set(['groupClause', 'distinctClause', 'partitionClause']);

/**
 * Finds how statements use columns, by their names. A column of another table with the same name counts too.
 *
 * - A comparison with a constant or with another of the columns is told, so that a caller can look at the constant.
 * - A test for null, and a column that a query selects, sorts or groups by, is no use of its value. The name that the query gives
 *   to the result stands for the column from then on.
 *
 * @param names the columns, unquoted
 */
export function usesOf(trees: readonly Node[], names: ReadonlySet<string>): ValueUses {
  const known = withResultNames(trees, names);
  const comparisons: Comparison[] = [];
  const others = new Set<string>();
  const visit = (part: unknown, isPassing: boolean): void => {
    if (Array.isArray(part)) return part.forEach((item) => visit(item, isPassing));
    if (typeof part !== 'object' || part === null) return;
    const node = part as Node;
    const column = columnOf(node, known);
    if (column !== null) {
      if (!isPassing) others.add(column);
      return;
    }
    const compared = comparisonsOf(node, known);
    if (compared !== null) return void comparisons.push(...compared);
    if (columnOf(asKind(node, 'NullTest')?.arg, known) !== null) return;
    const target = asKind(node, 'ResTarget');
    if (target !== undefined && isSelected(target.val, known)) return;
    const sort = asKind(node, 'SortBy');
    if (sort !== undefined) return visit(sort.node, true);
    for (const [property, value] of Object.entries(part)) visit(value, PASSING_LISTS.has(property));
  };
  visit(trees, false);
  return { comparisons, others };
}

/** The names of the columns, and those that queries give them in their results. */
function withResultNames(trees: readonly Node[], names: ReadonlySet<string>): ReadonlySet<string> {
  const known = new Set(names);
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) return part.forEach(visit);
    if (typeof part !== 'object' || part === null) return;
    const target = asKind(part as Node, 'ResTarget');
    if (target?.name !== undefined && isSelected(target.val, known)) known.add(target.name);
    for (const [property, value] of Object.entries(part)) {
      if (property === 'colnames' || property === 'aliascolnames')
        namesIn(value).forEach((name) => known.add(name));
      visit(value);
    }
  };
  let before: number;
  do {
    before = known.size;
    visit(trees);
  } while (known.size > before);
  return known;
}

function namesIn(list: unknown): string[] {
  return (list as Node[]).flatMap((name) => asKind(name, 'String')?.sval ?? []);
}

/** Whether a result of a query is a column, or changes as its values do. */
function isSelected(value: Node | undefined, known: ReadonlySet<string>): boolean {
  const call = asKind(value, 'FuncCall');
  if (call === undefined) return columnOf(value, known) !== null;
  const [argument, ...more] = call.args ?? [];
  const isSelecting = more.length === 0 && SELECTING.has(lastName(call.funcname) ?? '');
  return isSelecting && call.agg_filter === undefined && columnOf(argument, known) !== null;
}

/** The name of a column if the node is one of those: `amount`, `t.amount`. */
function columnOf(node: Node | undefined, known: ReadonlySet<string>): string | null {
  const name = lastName(asKind(node, 'ColumnRef')?.fields);
  return name !== undefined && known.has(name) ? name : null;
}

function lastName(names: readonly Node[] | undefined): string | undefined {
  return asKind(names?.at(-1), 'String')?.sval;
}

/** The comparisons that a node makes; null if it is none, or compares one of the columns with something else. */
function comparisonsOf(node: Node, known: ReadonlySet<string>): Comparison[] | null {
  const expression = asKind(node, 'A_Expr');
  const operator = lastName(expression?.name);
  if (expression === undefined || operator === undefined) return null;
  if (!COMPARING.has(expression.kind ?? '') || !OPERATORS.has(operator)) return null;
  const isOrdered = ORDER.has(operator);
  const [left, right] = [expression.lexpr, expression.rexpr];
  const one = columnOf(withoutWiderType(left), known);
  const two = columnOf(withoutWiderType(right), known);
  if (one !== null && two !== null) return [{ column: one, other: { column: two }, isOrdered }];
  const column = one ?? two;
  if (column === null) return null;
  const constants = constantsIn(one === null ? left : right);
  return constants?.map((constant) => ({ column, other: { constant }, isOrdered })) ?? null;
}

/** The column in `(amount)::numeric`. */
function withoutWiderType(node: Node | undefined): Node | undefined {
  const cast = asKind(node, 'TypeCast');
  const type = cast?.typeName;
  const isWider = WIDER_TYPES.has(lastName(type?.names) ?? '') && (type?.typmods ?? []).length === 0;
  return isWider && (type?.arrayBounds ?? []).length === 0 ? cast?.arg : node;
}

/** The constants that a node consists of; null if it is something else. */
function constantsIn(node: Node | undefined): Node[] | null {
  if (node === undefined) return null;
  if (asKind(node, 'A_Const') !== undefined) return [node];
  const items = asKind(node, 'List')?.items ?? asKind(node, 'A_ArrayExpr')?.elements;
  if (items !== undefined) {
    const constants = items.map((item) => constantsIn(item));
    return constants.every((one) => one !== null) ? constants.flat() : null;
  }
  const cast = asKind(node, 'TypeCast');
  if (cast !== undefined) {
    const constants = constantsIn(cast.arg);
    return constants?.length === 1 && asKind(cast.arg, 'A_ArrayExpr') === undefined ? [node] : constants;
  }
  const sign = asKind(node, 'A_Expr');
  const isNegative =
    sign?.lexpr === undefined && lastName(sign?.name) === '-' && constantsIn(sign?.rexpr) !== null;
  return isNegative ? [node] : null;
}
