import type { DatabaseSchema, SchemaDifference } from '@mikro-orm/postgresql';
import { escapeIdentifier } from 'pg';
import { projectAfter } from '../../../new-change/plan-keys.ts';
import type { ComparedSchemas, SchemaComparison } from '../../comparison/online-schema-generator.ts';
import type { Decided, FillToWrite } from './decided.ts';
import { decideRenames } from './decide-renames.ts';
import { forgottenLabels } from '../questions/find-questions.ts';
import { bracketGenerated, dropGeneratedFirst } from '../schemas/generated-columns.ts';
import { keepNumbers } from '../schemas/identity-columns.ts';
import type { Deciding } from './deciding.ts';
import { keepDropped } from '../schemas/keep-dropped.ts';
import { leftDifferences } from '../schemas/left-differences.ts';
import { lostPolicies } from '../schemas/lost-policies.ts';
import { planRenames } from './plan-renames.ts';
import { type Answer, answered, refuseStrayAnswers } from '../questions/questions.ts';
import { tableAt } from '../schemas/renamed-schema.ts';
import { labelFills, renameIn, renameStatements } from './renames.ts';
import { type ColumnToFill, findColumnsToFill, valueQuestion, withoutValue } from './columns-to-fill.ts';
import { decideTypes, leaveOut } from './type-decisions.ts';
import { leftColumns } from '../schemas/unwritten-parts.ts';
import { findTypeChanges, type TypeChanges } from '../schemas/type-changes.ts';
import { type TablePlace, placeOf, tableName } from '../schemas/table-place.ts';

/**
 * Decides how the differences of two schemas become migrations:
 *
 * 1. If a name is gone and another has come, the author says whether it is the same thing.
 * 2. A renamed column is a declared rename if the application follows declared changes. Otherwise the ordinary migration renames it,
 *    as it renames a table.
 * 3. A type that PostgreSQL cannot change at once becomes a column change.
 * 4. A new column for whose values PostgreSQL would refuse or rewrite the table comes without them; further migrations fill it and make it
 *    required.
 * 5. A serial column that becomes an identity keeps its numbers.
 * 6. All other differences are MikroORM's.
 *
 * @param schemas of the database or a snapshot file, and of the entities; both are altered
 * @throws OnlineMigrationError if an answer is missing, or a change cannot be made
 */
export async function decideMigration(schemas: ComparedSchemas, deciding: Deciding): Promise<Decided> {
  const { comparison, session, project, defaultSchema } = deciding;
  bracketGenerated(schemas.from);
  const forgotten = forgottenLabels(schemas);
  const { followed, atOnce, labels } = await decideRenames(schemas, deciding);
  const changes = session === undefined ? [] : await planRenames(session, followed, project);
  leaveOut(schemas, changes);
  for (const rename of [...atOnce, ...followed]) renameIn(comparison.found, rename);

  const diff = comparison.compare(schemas);
  const kept = session === undefined ? [] : await keepNumbers(diff, schemas, session);
  const types = await decideTypes(
    schemas,
    findTypeChanges(diff, schemas),
    atOnce,
    session,
    projectAfter(project, changes),
  );

  const left = types.changes.length === 0 ? [] : leftDifferences(diff, comparison.compare(schemas));
  const filled = await decideFills(schemas, deciding);
  const between = comparison.readEntities();
  for (const schema of [schemas.to, between]) {
    for (const { column, ...place } of filled) withoutValue(tableAt(schema, place)!.getColumn(column)!);
    keepLabels(schemas.from, schema);
  }
  keepDropped(schemas.from, between, comparison.dropsTables);
  const first = sqlOf(comparison, { from: schemas.from, to: between }, schemas.to, types.oneWay);
  const last = sqlOf(comparison, { from: between, to: schemas.to }, schemas.to);
  const own = [
    ...atOnce.map((rename) => renameStatements(rename, defaultSchema)),
    ...types.unnoticed.flatMap((table) => typeStatements(table, defaultSchema, types.oneWay)),
  ];
  const before = [...own.map((statement) => statement.up), ...kept];
  const up = joined(
    before,
    first.up,
    filled.flatMap(({ afterwards }) => afterwards),
  );
  const reverted = joined(
    types.oneWay.flatMap(staysComments),
    first.down,
    own.toReversed().flatMap((statement) => statement.down ?? []),
  );
  // The views of the older release use the older names.
  const down = [reverted, first.viewsDown].filter((sql) => sql !== '').join('\n');
  const isDropOnly = up === '';
  const lastOnly = { up: last.up, down: [last.down, last.viewsDown].filter((sql) => sql !== '').join('\n') };
  return {
    ...(isDropOnly ? lastOnly : { up, down }),
    drops: isDropOnly ? { up: '', down: '' } : lastOnly,
    changes: [...changes, ...types.changes],
    fills: [...filled.map(fillOf), ...labels.flatMap((rename) => labelFills(rename, schemas))],
    unwritten: { found: comparison.found, columns: leftColumns(comparison, changes, types) },
    notes: [...forgotten.map(labelNote), ...lostPolicies(diff), ...types.notes, ...left],
  };
}

/**
 * Finds the values of the rows that are there.
 * @throws OnlineMigrationError if a value is missing, or an option gives one that is not needed
 */
async function decideFills(
  schemas: ComparedSchemas,
  { comparison, session, answers, ask, defaultSchema }: Deciding,
): Promise<(ColumnToFill & { readonly value: string })[]> {
  const columns = await findColumnsToFill(comparison.compare(schemas), schemas, session, defaultSchema);
  const open = columns.filter(({ value }) => value === undefined);
  const questions = open.map(valueQuestion);
  refuseStrayAnswers(questions, { fills: answers.fills });
  const given = await answered(questions, answers, ask);
  return columns.map((column) => {
    const answer = given[open.indexOf(column)];
    return { ...column, value: column.value ?? (answer as Extract<Answer, { kind: 'filled' }>).by };
  });
}

/**
 * The statements of both directions. A dropped column that has come back has no values, so it stays nullable on the way back.
 * @param entities their schema, without the dropped columns
 * @param oneWay columns that keep their new types on the way back
 */
function sqlOf(
  comparison: SchemaComparison,
  schemas: ComparedSchemas,
  entities: DatabaseSchema,
  oneWay: readonly TypeChanges[] = [],
): { up: string; down: string; viewsDown: string } {
  const diff = comparison.compare(schemas);
  dropGeneratedFirst(diff);
  const inverse = comparison.compare({ from: schemas.to, to: schemas.from }, diff);
  dropGeneratedFirst(inverse);
  // A table, a view or a routine that is not dropped does not come back.
  if (!comparison.dropsTables) Object.assign(inverse, { newTables: {}, newViews: {}, newRoutines: {} });
  for (const { fromTable, changedColumns } of Object.values(inverse.changedTables)) {
    const place = placeOf(fromTable, schemas);
    const mapped = tableAt(entities, place);
    for (const [name, { changedProperties }] of Object.entries(changedColumns)) {
      if (isAmong(oneWay, place, name)) changedProperties.delete('type');
      if (mapped?.hasColumn(name) !== true || changedProperties.size === 0) delete changedColumns[name];
    }
  }
  const views = comparison.dropsTables
    ? takeViews(inverse, comparison.compare({ from: schemas.to, to: schemas.to }))
    : undefined;
  return {
    up: comparison.sqlOf(diff).trim(),
    down: comparison.sqlOf(inverse).trim(),
    viewsDown: views === undefined ? '' : comparison.sqlOf(views).trim(),
  };
}

/**
 * Takes the views that a difference makes out of it, so that it only drops views.
 * @param none a difference without any part
 * @returns the difference that makes the views
 */
function takeViews(difference: SchemaDifference, none: SchemaDifference): SchemaDifference {
  const changed = Object.entries(difference.changedViews);
  const made = Object.fromEntries(changed.map(([name, { to }]) => [name, to]));
  const dropped = Object.fromEntries(changed.map(([name, { from }]) => [name, from]));
  const newViews = { ...difference.newViews, ...made };
  Object.assign(difference, {
    newViews: {},
    changedViews: {},
    removedViews: { ...difference.removedViews, ...dropped },
  });
  return { ...none, newViews };
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
  oneWay: readonly TypeChanges[],
): { up: string; down?: string }[] {
  return columns.map(({ name, from, to }) => {
    const column = escapeIdentifier(name);
    const alter = `alter table ${tableName(place, defaultSchema)} alter column ${column} type`;
    return {
      up: `${alter} ${to} using (${column}::${to})`,
      ...(!isAmong(oneWay, place, name) && { down: `${alter} ${from} using (${column}::${from})` }),
    };
  });
}

function isAmong(types: readonly TypeChanges[], { schema, table }: TablePlace, column: string): boolean {
  return types.some(
    (one) => one.schema === schema && one.table === table && one.columns.some(({ name }) => name === column),
  );
}

/** Comments in the place of statements that `migration:down` would refuse. */
function staysComments({ table, columns }: TypeChanges): string[] {
  return columns.map(
    ({ name, from, to }) =>
      `-- ${table}.${name} stays ${to}, because the way back to ${from} would rewrite the table`,
  );
}

/** PostgreSQL cannot remove a label of an enum. */
function keepLabels(from: DatabaseSchema, to: DatabaseSchema): void {
  for (const [key, { items }] of Object.entries(from.getNativeEnums())) {
    if (!to.hasNativeEnum(key)) continue;
    const after = to.getNativeEnum(key);
    after.items = [...after.items, ...items.filter((label) => !after.items.includes(label))];
  }
}

function fillOf({
  schema,
  table,
  column,
  value,
  isRequired,
}: ColumnToFill & { readonly value: string }): FillToWrite {
  return { schema, table, column, value, where: `${escapeIdentifier(column)} is null`, isRequired };
}

function labelNote({ type, labels }: ReturnType<typeof forgottenLabels>[number]): string {
  return `the enum ${type} keeps ${labels.join(', ')}, which no entity has any more: PostgreSQL cannot remove a label`;
}
