import type { Node, RangeVar } from 'libpg-query';
import { asKind, type Kind } from '../../sql/statements.ts';
import { fillInPlaceOf, IN_BATCHES } from '../planning/fill-advice.ts';
import type { Rule, RuleContext } from '../planning/rule.ts';
import type { TableFacts } from '../planning/table-facts.ts';
import { tableInUse } from '../planning/verdicts.ts';

/** Up to this number of rows, one statement is short. */
const FEW_ROWS = 10_000;
/** The least that a row takes on a page. */
const ROW_BYTES = 28;

/** Statements that can write rows: the last one in its common table expressions. */
const TOP: readonly Kind[] = [
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'InsertStmt',
  'SelectStmt',
  'CreateTableAsStmt',
  'CopyStmt',
];

/**
 * `update`, `delete`, `merge`, `insert … select`: the rows stay locked, and one snapshot is held, until the last of them is written.
 *
 * If PostgreSQL estimates that they are few, they are counted: it guesses how many rows meet an expression.
 */
export const changeData: Rule = async (statement, context) => {
  if (!TOP.some((kind) => kind in statement.tree)) return undefined;
  const relations = relationsIn(statement.tree);
  if (relations.length === 0) return undefined;
  for (const each of relations) {
    const table = await rowsInUse(each, context);
    if (table === undefined || hasFewRows(table)) continue;
    const estimate = (await context.catalog.estimateRows(statement.text)) ?? table.rows;
    const isCounted = estimate !== null && estimate <= FEW_ROWS;
    if (isCounted && (await context.catalog.countRows(statement.tree, FEW_ROWS + 1)) <= FEW_ROWS) continue;
    return {
      kind: 'refused',
      reason: `${isCounted ? moreThanFew(table) : counted(table, estimate)} would be locked until the last of them is written`,
      instead: insteadOf(statement.tree, context),
    };
  }
  return { kind: 'as-written', relations: [], writes: true };
};

/** A view has rows of its tables. */
async function rowsInUse(relation: RangeVar, context: RuleContext): Promise<TableFacts | undefined> {
  const found = await tableInUse(relation, context);
  if (found !== undefined || context.made.has(relation)) return found;
  const view = await context.catalog.readTable(context.made.inCatalog(relation));
  return view?.kind === 'v' || view?.kind === 'f' ? { ...view, rows: null } : undefined;
}

/** PostgreSQL's estimate may be from a time when the table was almost empty. */
function hasFewRows({ rows, bytes }: TableFacts): boolean {
  return rows !== null && rows <= FEW_ROWS && (bytes === null || bytes <= FEW_ROWS * ROW_BYTES);
}

function insteadOf(tree: Node, context: RuleContext): string {
  const update = asKind(tree, 'UpdateStmt');
  const fill = update === undefined ? undefined : fillInPlaceOf(context, update);
  return fill ?? `write the rows ${context.isOtherTool ? 'outside of the migration ' : ''}${IN_BATCHES}`;
}

function counted(table: TableFacts, rows: number | null): string {
  if (table.rows === null || rows === null) return `many rows of ${table.name}`;
  const some = rows < table.rows ? `about ${Math.round(rows)} of them` : 'they';
  return `${table.name} has about ${Math.round(table.rows)} rows, and ${some}`;
}

function moreThanFew(table: TableFacts): string {
  return table.rows === null || table.rows <= FEW_ROWS
    ? `more than ${FEW_ROWS} rows of ${table.name}`
    : `${table.name} has about ${Math.round(table.rows)} rows, and more than ${FEW_ROWS} of them`;
}

/** The tables that a statement writes, and those whose rows it inserts elsewhere. */
function relationsIn(part: unknown): RangeVar[] {
  if (typeof part !== 'object' || part === null) return [];
  const node = part as Node;
  const changed = asKind(node, 'UpdateStmt') ?? asKind(node, 'DeleteStmt') ?? asKind(node, 'MergeStmt');
  const insert = asKind(node, 'InsertStmt');
  const isSelect = asKind(insert?.selectStmt, 'SelectStmt')?.valuesLists === undefined;
  const own = [
    ...(changed?.relation === undefined ? [] : [changed.relation]),
    ...(insert?.relation !== undefined && isSelect ? [insert.relation, ...rangesIn(insert.selectStmt)] : []),
  ];
  return [...own, ...Object.values(part).flatMap(relationsIn)];
}

function rangesIn(part: unknown): RangeVar[] {
  if (typeof part !== 'object' || part === null) return [];
  const own = 'RangeVar' in part ? asKind(part as Node, 'RangeVar') : undefined;
  return own === undefined ? Object.values(part).flatMap(rangesIn) : [own];
}
