import { OnlineMigrationError } from '../../../change/online-migration-error.ts';
import type { ComparedSchemas, SchemaComparison } from '../../comparison/online-schema-generator.ts';
import { withStatements } from './answer-statements.ts';
import { findColumnsToFill, valueQuestion } from './columns-to-fill.ts';
import type { Deciding } from './deciding.ts';
import { columnQuestions, findQuestions, type PlacedQuestion } from '../questions/find-questions.ts';
import { answered, refuseStrayAnswers } from '../questions/questions.ts';
import { type Rename, renameIn, renamesAmong } from './renames.ts';

/** The renames of a new migration. */
export interface DecidedRenames {
  /** Columns that the application follows: each gets a declared rename. */
  readonly followed: readonly Rename[];
  /** Tables and columns that the ordinary migration renames, in this order. The schema of the database has their new names. */
  readonly atOnce: readonly Rename[];
  readonly labels: readonly Rename[];
}

/**
 * Finds out which names are the same thing: first the tables and the labels of enums, then the columns, also those of renamed tables.
 *
 * If nobody can be asked, an error names all questions that are open.
 *
 * @throws OnlineMigrationError if an answer is missing, or a table with a column change under way gets another name
 * @param schemas that of the database gets the names of things that are renamed at once
 */
export async function decideRenames(schemas: ComparedSchemas, deciding: Deciding): Promise<DecidedRenames> {
  const { comparison, session, answers, ask, isFollowing, defaultSchema } = deciding;
  const diff = comparison.compare(schemas);
  const first = withStatements(findQuestions(diff, schemas, comparison.dropsTables), {
    diff,
    schemas,
    defaultSchema,
  });
  const isAnswered = first.every(({ names }) =>
    names.some((name) => answers.renames.has(name) || answers.drops.has(name)),
  );
  const open = isAnswered || ask !== undefined ? [] : await columnsAndValues(schemas, deciding);
  const renames = renamesAmong(first, await answered([...first, ...open], answers, ask));
  const [tables, labels] = [renames.filter(isTable), renames.filter((one) => !isTable(one))];
  refuseUnderWay(tables, comparison);
  for (const table of tables) renameIn(schemas.from, table);

  const columnDiff = comparison.compare(schemas);
  const second = withStatements(columnQuestions(columnDiff, schemas), {
    diff: columnDiff,
    schemas,
    defaultSchema,
  });
  refuseStrayAnswers([...first, ...second], { renames: answers.renames, drops: answers.drops });
  const values = ask === undefined ? (await columnsAndValues(schemas, deciding)).slice(second.length) : [];
  const columns = renamesAmong(second, await answered([...second, ...values], answers, ask));
  const isFollowed = ({ place }: Rename) =>
    isFollowing &&
    session !== undefined &&
    !tables.some(
      ({ to, otherSchema, place: { schema } }) =>
        (otherSchema?.name ?? schema) === place.schema && to === place.table,
    );
  const atOnce = columns.filter((column) => !isFollowed(column));
  for (const column of atOnce) renameIn(schemas.from, column);
  return { followed: columns.filter(isFollowed), atOnce: [...tables, ...atOnce], labels };
}

/** A column change finds its table by the name, and its interim column would count as one that no entity has. */
function refuseUnderWay(tables: readonly Rename[], { underWay }: SchemaComparison): void {
  for (const { place, from } of tables) {
    const change = underWay.find(({ schema, table }) => schema === place.schema && table === from);
    if (change === undefined) continue;
    throw new OnlineMigrationError(
      'CHANGE_NOT_FINISHED',
      `The column change of ${from}.${change.oldColumn} is not finished, and nothing was written: it finds its table by the name. First run ` +
        `all its migrations, or revert them; then give ${from} its new name.`,
      { schema: place.schema, table: from, column: change.oldColumn },
    );
  }
}

function isTable({ kind }: Rename): boolean {
  return kind === 'table';
}

/** The questions on columns, and behind them those on values that are missing whatever the answers are. */
async function columnsAndValues(schemas: ComparedSchemas, deciding: Deciding): Promise<PlacedQuestion[]> {
  const { comparison, session, defaultSchema } = deciding;
  const diff = comparison.compare(schemas);
  const questions = columnQuestions(diff, schemas);
  const columns = await findColumnsToFill(diff, schemas, session, defaultSchema);
  const values = columns.filter(({ value }) => value === undefined).map(valueQuestion);
  return [...questions, ...values.filter((question) => !isCandidate(question, questions))];
}

/** Whether a new column may be an old one with another name. */
function isCandidate({ place }: PlacedQuestion, questions: readonly PlacedQuestion[]): boolean {
  return questions.some(
    (other) =>
      other.place.schema === place.schema &&
      other.place.table === place.table &&
      other.candidates.includes(place.column!),
  );
}
