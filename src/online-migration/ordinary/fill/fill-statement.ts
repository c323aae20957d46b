import type { Node } from 'libpg-query';
import type { SqlParser } from '../../sql/sql-parser.ts';
import { asKind, type Statement } from '../../sql/statements.ts';
import { statementOf, type TableFill, updateOf } from './table-fill.ts';
import { notPossible } from './target-table.ts';

/** A statement of a migration. */
export interface MigrationStatement extends Statement {
  /** The fill that is written as this statement; undefined for a statement that is SQL. */
  readonly fill?: TableFill;
}

/** The parts of a `select` of nothing but one expression. */
const OF_EXPRESSION = new Set(['targetList', 'limitOption', 'op']);

/**
 * Reads a fill as the statement that would do the same at once.
 * @throws OnlineMigrationError if one of its texts is not an SQL expression
 */
export function readFill(parser: SqlParser, fill: TableFill): MigrationStatement {
  const texts = [...Object.entries(fill.set), ['where', fill.where] as const];
  for (const [name, text] of texts) {
    const problem = problemOf(parser, text);
    if (problem !== undefined) throw notPossible(fill, `\`${text}\` of \`${name}\` ${problem}`);
  }
  const tree = parser.parseSync(updateOf(fill)).stmts![0]!.stmt!;
  return { text: statementOf(fill), tree, line: 1, accepted: undefined, fill };
}

/** Why a text is not one SQL expression; undefined if it is one. */
function problemOf(parser: SqlParser, text: string): string | undefined {
  let nodes: Node[];
  try {
    nodes = (parser.parseSync(`select (${text}\n)`).stmts ?? []).map(({ stmt }) => stmt!);
  } catch (error) {
    return `is not accepted by PostgreSQL's grammar: ${(error as Error).message}`;
  }
  const select = asKind(nodes[0], 'SelectStmt');
  const target = asKind(select?.targetList?.[0], 'ResTarget');
  const isOne =
    nodes.length === 1 &&
    select?.targetList?.length === 1 &&
    target?.name === undefined &&
    Object.keys(select).every((part) => OF_EXPRESSION.has(part));
  return isOne ? undefined : 'is not one SQL expression';
}
