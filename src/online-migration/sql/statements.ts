import type { Node } from 'libpg-query';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { SqlParser } from './sql-parser.ts';

/** A comment for the package, on a line above a statement. */
const COMMENT = /--[ \t]*online:[ \t]*(?<word>\S*)[ \t]*(?<rest>[^\n]*)/gi;

/** A statement, as written and as PostgreSQL's grammar reads it. */
export interface Statement {
  /** Without the comments above it and without the semicolon. */
  readonly text: string;
  readonly tree: Node;
  /** The line of the text on which it begins, from 1. */
  readonly line: number;
  /** Why its author wants it to run as written; undefined without the comment `-- online: accepted <reason>`. */
  readonly accepted: string | undefined;
  /** The migration that all live processes must have been built for; undefined without the comment `-- online: after <migration>`. */
  readonly after?: string;
}

/** Whether a statement only reads, unless a function that it calls writes. */
export function isRead({ tree }: Pick<Statement, 'tree'>): boolean {
  const select = asKind(tree, 'SelectStmt');
  if (select !== undefined)
    return select.intoClause === undefined && !changesInside(tree) && !callsIn(tree).includes('set_config');
  return 'VariableShowStmt' in tree || ('ExplainStmt' in tree && !changesInside(tree));
}

/** A common table expression, or an explained statement, can change rows. */
function changesInside(part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return false;
  if (['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'].some((kind) => kind in part)) return true;
  return Object.values(part).some(changesInside);
}

/** The names of the functions that a statement calls, without their schemas. */
function callsIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  const call = 'FuncCall' in part ? asKind(part as Node, 'FuncCall') : undefined;
  const name = asKind(call?.funcname?.at(-1), 'String')?.sval;
  return [...(name === undefined ? [] : [name]), ...Object.values(part).flatMap(callsIn)];
}

/** The kinds of nodes. A node has one property, which is its kind. */
export type Kind = Node extends infer Each ? (Each extends unknown ? keyof Each : never) : never;

/** The content of a node of one kind. */
export type NodeOf<K extends Kind> = Extract<Node, { readonly [Name in K]: unknown }>[K];

/**
 * Reads a text of one or several statements.
 * @throws OnlineMigrationError if it is not SQL, or has an unknown comment for the package
 */
export function readStatements(parser: SqlParser, sql: string): Statement[] {
  // The parser counts bytes.
  const bytes = Buffer.from(sql, 'utf8');
  let result: ReturnType<SqlParser['parseSync']>;
  try {
    result = parser.parseSync(sql);
  } catch (error) {
    throw new OnlineMigrationError(
      'SQL_NOT_READ',
      `PostgreSQL's grammar does not accept a statement: ${error instanceof Error ? error.message : String(error)}. ` +
        `Correct it; nothing of the migration was run. The statement: ${firstLine(sql)}`,
      {},
      { cause: error },
    );
  }
  let behind = 0;
  let lines = 1;
  return (result.stmts ?? []).flatMap(({ stmt, stmt_location: from = 0, stmt_len: length }) => {
    if (stmt === undefined) return [];
    const end = length === undefined ? bytes.length : from + length;
    // The statement begins at its first word, or right behind the one before it, as the parser's version has it.
    const written = bytes.subarray(behind, end).toString('utf8').replace(/^;/, '');
    behind = end;
    const text = withoutLeadingComments(written);
    const above = written.slice(0, written.length - text.length);
    const line = lines + newlinesIn(above);
    lines += newlinesIn(written);
    return [{ text: text.trimEnd(), tree: stmt, line, ...commentsIn(above) }];
  });
}

/** The comments for the package above a statement. */
function commentsIn(above: string): Pick<Statement, 'accepted' | 'after'> {
  let comments: Pick<Statement, 'accepted' | 'after'> = { accepted: undefined };
  for (const { 0: comment, groups } of above.matchAll(COMMENT)) {
    const [word, rest] = [groups!['word']!.toLowerCase(), groups!['rest']!.trim()];
    if (word === 'accepted') comments = { ...comments, accepted: rest };
    else if (word === 'after' && rest !== '') comments = { ...comments, after: rest };
    else {
      throw new OnlineMigrationError(
        'COMMENT_NOT_KNOWN',
        `\`${comment.trim()}\` is no comment that the package knows: write \`-- online: accepted <reason>\` to run a statement as it is, or ` +
          '`-- online: after <migration>` to wait for processes that were built before a migration.',
        { comment: comment.trim() },
      );
    }
  }
  return comments;
}

/** The content of a node if it is of this kind. */
export function asKind<K extends Kind>(node: Node | undefined, kind: K): NodeOf<K> | undefined {
  return node !== undefined && kind in node ? (node as unknown as Record<K, NodeOf<K>>)[kind] : undefined;
}

/** The first line of a statement, short enough for a message. */
export function firstLine(sql: string): string {
  const line = sql.trim().split('\n', 1)[0] ?? '';
  return line.length <= 120 ? line : `${line.slice(0, 119)}…`;
}

/** A statement without line breaks, as a message has it: shortened to this length. */
export function onOneLine(sql: string, length = Infinity): string {
  const line = sql.trim().replaceAll(/\s+/g, ' ');
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

function newlinesIn(text: string): number {
  return text.split('\n').length - 1;
}

function withoutLeadingComments(text: string): string {
  let rest = text.trimStart();
  for (;;) {
    if (rest.startsWith('--')) {
      const end = rest.indexOf('\n');
      rest = end < 0 ? '' : rest.slice(end + 1).trimStart();
    } else if (rest.startsWith('/*')) {
      rest = rest.slice(endOfComment(rest)).trimStart();
    } else {
      return rest;
    }
  }
}

/** The end of the comment at the start of a text. Comments of PostgreSQL nest. */
function endOfComment(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length - 1; at++) {
    const two = text.slice(at, at + 2);
    if (two === '/*') depth++;
    else if (two === '*/') depth--;
    else continue;
    at++;
    if (depth === 0) return at + 1;
  }
  return text.length;
}
