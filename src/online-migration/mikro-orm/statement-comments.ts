import type { Node } from 'libpg-query';
import { droppedRelations } from '../ordinary/planning/dropped-objects.ts';
import { planMigration, type PlannedStatement, runsAsItIs } from '../ordinary/plan-migration.ts';
import { warningOn } from '../ordinary/planning/running-code.ts';
import { DatabaseUnreachableError } from '../postgres/open-client.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Session } from '../postgres/session.ts';
import { loadSqlParser } from '../sql/sql-parser.ts';
import { asKind, onOneLine, readStatements } from '../sql/statements.ts';
import { type NewComments, NOTHING, type StatementComment, wrapped } from './commented-statements.ts';

/** A statement of at most this length is written in a comment. */
const SHORT = 200;

const NOTHING_TO_REVERT: StatementComment = {
  lines: ['Nothing to revert: the older release works with the tables as they are.'],
  isRefused: false,
};

/**
 * Plans the statements of a new migration, and writes the comments on them.
 * @param options.isDecided whether the author has said which names are the same thing
 * @param options.log receives a line if `migration:up` would refuse some of them
 * @returns the comments, by the statement; none without the database, which a comparison with a snapshot file does not need
 */
export async function readComments(
  openSession: () => Promise<Session>,
  { up, down }: { readonly up: readonly string[]; readonly down: readonly string[] },
  { isDecided, log }: { readonly isDecided: boolean; readonly log: (line: string) => void },
): Promise<NewComments> {
  const back: NewComments['down'] =
    isDecided && up.length > 0 && down.length === 0 ? new Map([[NOTHING, NOTHING_TO_REVERT]]) : new Map();
  let opened: Session;
  try {
    opened = await openSession();
  } catch (error) {
    if (error instanceof DatabaseUnreachableError) return { up: new Map(), down: back };
    throw error;
  }
  await using session = opened;
  const comments = await commentsOn(session, up, isDecided);
  const refused = [...comments.values()].filter(({ isRefused }) => isRefused).length;
  if (refused > 0) {
    log(
      `${refused} of ${comments.size} statements of the new migration would be refused by migration:up; the comments in its file say why`,
    );
  }
  return { up: comments, down: new Map([...back, ...(await lossesIn(up, down))]) };
}

async function commentsOn(
  database: Queryable,
  statements: readonly string[],
  isDecided: boolean,
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
    const lines = [
      ...sources.flatMap(({ tree }) => valuesIn(tree, planned, isDecided)),
      ...commentOn(own),
      ...own.flatMap((each) => wrapped(sentenceOf(warningOn(each)))),
    ];
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
    const [only] = count === 1 ? sqlOf(planned) : [];
    if (only !== undefined && only.length <= SHORT) return wrapped(`Runs as: ${only}`);
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

/** The statements that run, each on one line. */
function sqlOf(planned: readonly PlannedStatement[]): string[] {
  return planned.flatMap(({ statement, verdict }) => {
    if (verdict.kind === 'steps')
      return verdict.steps.flatMap(({ statements }) => statements.map((sql) => onOneLine(sql)));
    return verdict.kind === 'as-written' ? [onOneLine(verdict.sql ?? statement.text)] : [];
  });
}

/** The fate of values: MikroORM can take a dropped column and an added one for a renamed one, and the other way round. */
function valuesIn(tree: Node, planned: readonly PlannedStatement[], isDecided: boolean): string[] {
  const renamed = asKind(tree, 'RenameStmt');
  if (renamed?.renameType === 'OBJECT_COLUMN') {
    const { subname = '', newname = '' } = renamed;
    return wrapped(
      `The values of ${subname} become those of ${newname}.${isDecided ? '' : ' If these are two things, drop one column and add the other.'}`,
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
      added.length === 0 || isDecided
        ? `The values of ${name} are lost.`
        : `The values of ${name} are lost. If it is ${[...new Set(added)].join(' or ')} now, rename the column in place of both statements.`,
    ),
  );
}

/** The columns and tables that come back without the values that `up` has dropped. */
async function lossesIn(
  up: readonly string[],
  down: readonly string[],
): Promise<Map<string, StatementComment>> {
  const parser = await loadSqlParser();
  const treesOf = (statements: readonly string[]) =>
    statements
      .filter((sql) => sql.trim() !== '')
      .flatMap((sql) => readStatements(parser, sql).map(({ tree }) => ({ sql, tree })));
  const gone = new Set(treesOf(up).flatMap(({ tree }) => droppedIn(tree)));
  const comments = new Map<string, StatementComment>();
  for (const { sql, tree } of treesOf(down)) {
    const table = asKind(tree, 'CreateStmt')?.relation?.relname;
    const lines = [
      ...columnsIn(tree, 'AT_AddColumn')
        .filter((name) => gone.has(`column ${name}`))
        .map((name) => `The values of ${name} do not come back.`),
      ...(table !== undefined && gone.has(`table ${table}`)
        ? [`The rows of ${table} do not come back.`]
        : []),
    ];
    if (lines.length > 0) comments.set(sql, { lines, isRefused: false });
  }
  return comments;
}

function droppedIn(tree: Node): string[] {
  const drop = asKind(tree, 'DropStmt');
  const tables = drop?.removeType === 'OBJECT_TABLE' ? droppedRelations(drop) : [];
  return [
    ...columnsIn(tree, 'AT_DropColumn').map((name) => `column ${name}`),
    ...tables.map(({ relname = '' }) => `table ${relname}`),
  ];
}

function columnsIn(tree: Node, subtype: 'AT_DropColumn' | 'AT_AddColumn'): string[] {
  return (asKind(tree, 'AlterTableStmt')?.cmds ?? []).flatMap((node) => {
    const command = asKind(node, 'AlterTableCmd');
    if (command?.subtype !== subtype) return [];
    return asKind(command.def, 'ColumnDef')?.colname ?? command.name ?? [];
  });
}

function sentenceOf(clause: string | undefined): string {
  return clause === undefined ? '' : `${clause[0]!.toUpperCase()}${clause.slice(1)}.`;
}
