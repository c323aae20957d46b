import type { ComparedSchemas } from '../comparison/online-schema-generator.ts';
import type { DatabaseSchema } from '@mikro-orm/postgresql';
import { escapeIdentifier } from 'pg';
import { type Project, projectAfter } from '../../new-change/plan-keys.ts';
import type { Session } from '../../postgres/session.ts';
import type { SchemaComparison } from '../comparison/online-schema-generator.ts';
import type { Answers } from './answers.ts';
import type { Decided, FillToWrite } from './decided.ts';
import { findQuestions, forgottenLabels, type PlacedQuestion, placeOf } from './find-questions.ts';
import { keepNumbers } from './identity-columns.ts';
import { keepDropped } from './keep-dropped.ts';
import { planRenames } from './plan-renames.ts';
import { type Answer, answered, type Ask, refuseStrayAnswers } from './questions.ts';
import { tableAt } from './renamed-schema.ts';
import { tableName } from './table-name.ts';
import { inOrder, labelFills, type Rename, renameIn, renamesAmong, renameStatements } from './renames.ts';
import { findRequiredColumns, type RequiredColumn, valueQuestion } from './required-columns.ts';
import { decideTypes, leaveOut } from './type-decisions.ts';
import { findTypeChanges, type TypeChanges } from './type-changes.ts';

/** The surroundings of a new migration. */
export interface Deciding {
  readonly comparison: SchemaComparison;
  readonly answers: Answers;
  /** Undefined if nobody can answer. */
  readonly ask: Ask | undefined;
  /** Undefined without the database, which a comparison with a snapshot file does not need. */
  readonly session: Session | undefined;
  readonly project: Project;
  /** The schema of tables without one. */
  readonly defaultSchema: string;
  /** Whether the application follows declared changes. */
  readonly isFollowing: boolean;
}

/**
 * Decides how the differences of two schemas become migrations:
 *
 * 1. If a name is gone and another has come, the author says whether it is the same thing.
 * 2. A renamed column is a declared rename if the application follows declared changes. Otherwise the ordinary migration renames it,
 *    as it renames a table.
 * 3. A type that PostgreSQL cannot change at once becomes a column change.
 * 4. A required column without a default becomes nullable; further migrations fill it and make it required.
 * 5. A serial column that becomes an identity keeps its numbers.
 * 6. All other differences are MikroORM's.
 *
 * @param schemas of the database or a snapshot file, and of the entities; both are altered
 * @throws OnlineMigrationError if an answer is missing, or a change cannot be made
 */
export async function decideMigration(schemas: ComparedSchemas, deciding: Deciding): Promise<Decided> {
  const { comparison, session, project, answers, ask } = deciding;
  const forgotten = forgottenLabels(schemas);
  const renames = await askForRenames(schemas, deciding);
  const [followed, atOnce] = [renames.filter(isFollowed), inOrder(renames.filter((one) => !isFollowed(one)))];
  const changes = session === undefined ? [] : await planRenames(session, followed, project);
  leaveOut(schemas, changes);
  const statements = atOnce.map((rename) => renameStatements(rename, deciding.defaultSchema));
  for (const rename of atOnce) renameIn(schemas, rename);

  const diff = comparison.compare(schemas);
  const kept = session === undefined ? [] : await keepNumbers(diff, schemas, session);
  const types = await decideTypes(
    schemas,
    findTypeChanges(diff, schemas),
    atOnce,
    session,
    projectAfter(project, changes),
  );

  const required = await findRequiredColumns(comparison.compare(schemas), schemas, session);
  const questions = required.map(valueQuestion);
  refuseStrayAnswers(questions, { fills: answers.fills });
  const values = await answered(questions, answers, ask);
  const between = comparison.readEntities();
  for (const schema of [schemas.to, between]) {
    for (const { column, ...place } of required) tableAt(schema, place)!.getColumn(column)!.nullable = true;
    keepLabels(schemas.from, schema);
  }
  keepDropped(schemas.from, between, comparison.dropsTables);
  const first = sqlOf(comparison, { from: schemas.from, to: between }, schemas.to);
  const last = sqlOf(comparison, { from: between, to: schemas.to }, schemas.to);
  statements.push(...types.unnoticed.flatMap((table) => typeStatements(table, deciding.defaultSchema)));
  const up = joined([...statements.map((statement) => statement.up), ...kept], first.up);
  const down = joined(
    [],
    first.down,
    statements.toReversed().map((statement) => statement.down),
  );
  const isDropOnly = up === '';
  return {
    ...(isDropOnly ? last : { up, down }),
    drops: isDropOnly ? { up: '', down: '' } : last,
    changes: [...changes, ...types.changes],
    fills: [
      ...required.map((column, place) => fillOf(column, values[place]!)),
      ...renames.flatMap((rename) => (rename.kind === 'label' ? labelFills(rename, schemas) : [])),
    ],
    notes: [...forgotten.map(labelNote), ...types.notes],
  };

  function isFollowed({ kind }: Rename): boolean {
    return kind === 'column' && deciding.isFollowing && session !== undefined;
  }
}

/** If nobody is there to be asked, the error also names the values that are missing in any case. */
async function askForRenames(
  schemas: ComparedSchemas,
  { comparison, session, answers, ask }: Deciding,
): Promise<Rename[]> {
  const diff = comparison.compare(schemas);
  const questions = findQuestions(diff, schemas, comparison.dropsTables);
  refuseStrayAnswers(questions, { renames: answers.renames, drops: answers.drops });
  const required = ask === undefined ? await findRequiredColumns(diff, schemas, session) : [];
  const values = required.map(valueQuestion).filter((question) => !isCandidate(question, questions));
  return renamesAmong(questions, await answered([...questions, ...values], answers, ask));
}

/** Whether a new column may be an old one with another name. */
function isCandidate({ place }: PlacedQuestion, questions: readonly PlacedQuestion[]): boolean {
  return questions.some(
    (other) =>
      other.kind === 'column' &&
      other.place.schema === place.schema &&
      other.place.table === place.table &&
      other.candidates.includes(place.column!),
  );
}

/**
 * The statements of both directions. A dropped column that has come back has no values, so it stays nullable on the way back.
 * @param entities their schema, without the dropped columns
 */
function sqlOf(
  comparison: SchemaComparison,
  schemas: ComparedSchemas,
  entities: DatabaseSchema,
): { up: string; down: string } {
  const diff = comparison.compare(schemas);
  const inverse = comparison.compare({ from: schemas.to, to: schemas.from }, diff);
  for (const { fromTable, changedColumns } of Object.values(inverse.changedTables)) {
    const mapped = tableAt(entities, placeOf(fromTable, schemas));
    for (const name of Object.keys(changedColumns)) {
      if (mapped?.hasColumn(name) !== true) delete changedColumns[name];
    }
  }
  return { up: comparison.sqlOf(diff).trim(), down: comparison.sqlOf(inverse).trim() };
}

/** Statements as MikroORM separates them. */
function joined(before: readonly string[], sql: string, then: readonly string[] = []): string {
  const texts = [
    ...before.map((statement) => `${statement};`),
    sql,
    ...then.map((statement) => `${statement};`),
  ];
  return texts.filter((text) => text !== '').join('\n');
}

/** The statements for types whose difference MikroORM does not notice, and those that revert them. */
function typeStatements(
  { columns, ...place }: TypeChanges,
  defaultSchema: string,
): { up: string; down: string }[] {
  return columns.map(({ name, from, to }) => {
    const column = escapeIdentifier(name);
    const alter = `alter table ${tableName(place, defaultSchema)} alter column ${column} type`;
    return {
      up: `${alter} ${to} using (${column}::${to})`,
      down: `${alter} ${from} using (${column}::${from})`,
    };
  });
}

/** PostgreSQL cannot remove a label of an enum. */
function keepLabels(from: DatabaseSchema, to: DatabaseSchema): void {
  for (const [key, { items }] of Object.entries(from.getNativeEnums())) {
    if (!to.hasNativeEnum(key)) continue;
    const after = to.getNativeEnum(key);
    after.items = [...after.items, ...items.filter((label) => !after.items.includes(label))];
  }
}

function fillOf({ schema, table, column }: RequiredColumn, answer: Answer): FillToWrite {
  const { by: value } = answer as Extract<Answer, { kind: 'filled' }>;
  return { schema, table, column, value, where: `${escapeIdentifier(column)} is null`, isRequired: true };
}

function labelNote({ type, labels }: ReturnType<typeof forgottenLabels>[number]): string {
  return `the enum ${type} keeps ${labels.join(', ')}, which no entity has any more: PostgreSQL cannot remove a label`;
}
