import type { IMigrationGenerator } from '@mikro-orm/core';
import type { Node } from 'libpg-query';
import { planMigration, type PlannedStatement, runsAsItIs } from '../ordinary/plan-migration.ts';
import { DatabaseUnreachableError } from '../postgres/open-client.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Session } from '../postgres/session.ts';
import { loadSqlParser } from '../sql/sql-parser.ts';
import { asKind, readStatements } from '../sql/statements.ts';

/** A comment ends in this column at the latest, unless a word is longer. */
const WIDTH = 110;

/** The comment on a new statement. */
export interface StatementComment {
  readonly lines: readonly string[];
  /** Whether `migration:up` refuses the statement. */
  readonly isRefused: boolean;
}

/** Finds the comments on new statements, by the statement as MikroORM has it. */
type CommentsOn = (statements: readonly string[]) => Promise<ReadonlyMap<string, StatementComment>>;

/**
 * Has a generator of migrations write comments above the statements of `up`: how `migration:up` will run each, and under which lock.
 * Another generator of the project does so, too, if it writes its statements with `createStatement`.
 */
export function commentStatements(generator: IMigrationGenerator, findComments: CommentsOn): void {
  const generate = generator.generate.bind(generator);
  const createStatement = generator.createStatement.bind(generator);
  let comments = new Map<string, StatementComment>();
  generator.generate = async (diff, path, name) => {
    comments = new Map(await findComments(diff.up));
    try {
      return await generate(diff, path, name);
    } finally {
      comments = new Map();
    }
  };
  generator.createStatement = (sql, padLeft) => {
    const { lines } = comments.get(sql) ?? { lines: [] };
    // `down` may have the same statement.
    comments.delete(sql);
    return lines.map((line) => `${' '.repeat(padLeft)}// ${line}\n`).join('') + createStatement(sql, padLeft);
  };
}

/**
 * Plans the statements of a new migration, and writes the comments on them.
 * @param log receives a line if `migration:up` would refuse some of them
 * @returns the comments, by the statement; none without the database, which a comparison with a snapshot file does not need
 */
export async function readComments(
  openSession: () => Promise<Session>,
  statements: readonly string[],
  log: (line: string) => void,
): Promise<ReadonlyMap<string, StatementComment>> {
  let opened: Session;
  try {
    opened = await openSession();
  } catch (error) {
    if (error instanceof DatabaseUnreachableError) return new Map();
    throw error;
  }
  await using session = opened;
  const comments = await commentsOn(session, statements);
  const refused = [...comments.values()].filter(({ isRefused }) => isRefused).length;
  if (refused > 0) {
    log(
      `${refused} of ${comments.size} statements of the new migration would be refused by migration:up; the comments in its file say why`,
    );
  }
  return comments;
}

async function commentsOn(
  database: Queryable,
  statements: readonly string[],
): Promise<Map<string, StatementComment>> {
  const parser = await loadSqlParser();
  // An empty text is an empty line of the file.
  const texts = statements.filter((sql) => sql.trim() !== '');
  const { statements: planned } = await planMigration(database, texts);
  const comments = new Map<string, StatementComment>();
  let rest = planned;
  for (const sql of texts) {
    const count = readStatements(parser, sql).length;
    const sources = [...new Set(rest.map(({ source }) => source))].slice(0, count);
    const own = rest.filter(({ source }) => sources.includes(source));
    const isRefused = own.some(({ verdict }) => verdict.kind === 'refused');
    const lines = [...sources.flatMap(({ tree }) => valuesIn(tree, planned)), ...commentOn(own)];
    comments.set(sql, { lines, isRefused });
    rest = rest.filter(({ source }) => !sources.includes(source));
  }
  return comments;
}

function commentOn(planned: readonly PlannedStatement[]): string[] {
  const refused = planned.flatMap(({ verdict }) => (verdict.kind === 'refused' ? [verdict] : []));
  if (refused.length > 0) {
    return refused.flatMap(({ reason, instead }) => [
      ...wrapped(`Refused by migration:up: ${reason}.`),
      ...wrapped(`Instead: ${instead}.`),
    ]);
  }
  if (planned.some((each) => !runsAsItIs(each))) {
    const count = planned.reduce(
      (sum, { verdict }) => sum + (verdict.kind === 'steps' ? verdict.steps.length : 1),
      0,
    );
    const steps = count === 1 ? 'another statement' : `${count} steps`;
    return [`Runs as ${steps}; none reads the table under SHARE or a stronger lock.`];
  }
  const isUnknown = planned.some(({ verdict }) => verdict.kind === 'steps' && verdict.isUnchecked);
  if (isUnknown) return ['Runs as it is, alone, for at most ten seconds: no rule knows it.'];
  if (planned.some(({ verdict }) => verdict.kind === 'steps' && verdict.steps.length === 0))
    return ['Left to a later statement, which replaces it.'];
  const locks = planned.some(
    ({ verdict }) =>
      (verdict.kind === 'as-written' && verdict.relations.length > 0) || verdict.kind === 'steps',
  );
  return locks ? ['Runs as it is, under ACCESS EXCLUSIVE for a change of the catalog.'] : [];
}

/** The fate of values: MikroORM can take a dropped column and an added one for a renamed one, and the other way round. */
function valuesIn(tree: Node, planned: readonly PlannedStatement[]): string[] {
  const renamed = asKind(tree, 'RenameStmt');
  if (renamed?.renameType === 'OBJECT_COLUMN') {
    const { subname = '', newname = '' } = renamed;
    return wrapped(
      `The values of ${subname} become those of ${newname}. If these are two things, drop one column and add the other.`,
    );
  }
  const alter = asKind(tree, 'AlterTableStmt');
  if (alter?.relation === undefined) return [];
  const dropped = columnsIn(tree, 'AT_DropColumn');
  const added = planned
    .filter(
      ({ source }) => asKind(source.tree, 'AlterTableStmt')?.relation?.relname === alter.relation?.relname,
    )
    .flatMap(({ source }) => columnsIn(source.tree, 'AT_AddColumn'));
  return dropped.flatMap((name) =>
    wrapped(
      added.length === 0
        ? `The values of ${name} are lost.`
        : `The values of ${name} are lost. If it is ${[...new Set(added)].join(' or ')} now, rename the column in place of both statements.`,
    ),
  );
}

function columnsIn(tree: Node, subtype: 'AT_DropColumn' | 'AT_AddColumn'): string[] {
  return (asKind(tree, 'AlterTableStmt')?.cmds ?? []).flatMap((node) => {
    const command = asKind(node, 'AlterTableCmd');
    if (command?.subtype !== subtype) return [];
    return asKind(command.def, 'ColumnDef')?.colname ?? command.name ?? [];
  });
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.replaceAll(/\s+/g, ' ').split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
