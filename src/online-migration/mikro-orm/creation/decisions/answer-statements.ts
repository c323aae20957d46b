import type { DatabaseTable, SchemaDifference } from '@mikro-orm/postgresql';
import { escapeIdentifier, escapeLiteral } from 'pg';
import type { ComparedSchemas } from '../../comparison/online-schema-generator.ts';
import { type PlacedQuestion } from '../questions/find-questions.ts';
import type { Answer } from '../questions/questions.ts';
import { labelFills, renameStatements } from './renames.ts';
import { type TablePlace, placeOf, tableName } from '../schemas/table-place.ts';

type Column = NonNullable<ReturnType<DatabaseTable['getColumn']>>;

/** The place of questions. */
interface Asked {
  readonly diff: SchemaDifference;
  readonly schemas: ComparedSchemas;
  /** The schema of tables without one. */
  readonly defaultSchema: string;
}

/** Gives questions the statements of their answers, so that a person sees them before the choice. */
export function withStatements(questions: readonly PlacedQuestion[], asked: Asked): PlacedQuestion[] {
  return questions.map((question) => ({
    ...question,
    statements: (answer, candidates) => statementsOf(question, answer, candidates, asked),
  }));
}

function statementsOf(
  { kind, place }: PlacedQuestion,
  answer: Answer,
  candidates: readonly string[],
  { diff, schemas, defaultSchema }: Asked,
): string[] {
  if (kind === 'fill' || answer.kind === 'filled') return [];
  if (kind === 'label') {
    const label = place.label!;
    const type = tableName(place, defaultSchema);
    if (answer.kind === 'dropped') return candidates.map((name) => addLabel(type, name));
    const fills = labelFills({ kind, place, from: label, to: answer.to }, schemas);
    return [
      addLabel(type, answer.to),
      ...fills.map(
        (fill) =>
          `update ${tableName(fill, defaultSchema)} set ${escapeIdentifier(fill.column)} = ${fill.value} where ${fill.where}`,
      ),
    ];
  }
  if (answer.kind === 'renamed') {
    const from = place.column ?? place.table;
    return [renameStatements({ kind, place, from, to: answer.to }, defaultSchema).up];
  }
  const table = tableName(place, defaultSchema);
  if (kind === 'table') {
    return [
      ...candidates.map((name) => `create table ${tableName({ ...place, table: name }, defaultSchema)} (…)`),
      `drop table ${table}`,
    ];
  }
  const added = addedColumns(diff, schemas, place);
  const drop = `alter table ${table} drop column ${escapeIdentifier(place.column!)}`;
  const add = ({ name, type, generated }: Column) =>
    `alter table ${table} add column ${escapeIdentifier(name)} ${type}${generated ? ` generated always as ${generated}` : ''}`;
  const again = added[place.column!];
  if (again !== undefined) return [drop, add(again)];
  return [...candidates.map((name) => add(added[name]!)), drop];
}

function addLabel(type: string, label: string): string {
  return `alter type ${type} add value ${escapeLiteral(label)}`;
}

function addedColumns(
  { changedTables }: SchemaDifference,
  schemas: ComparedSchemas,
  { schema, table }: TablePlace,
): Readonly<Record<string, Column>> {
  const changed = Object.values(changedTables).find(({ fromTable }) => {
    const place = placeOf(fromTable, schemas);
    return place.schema === schema && place.table === table;
  });
  return changed?.addedColumns ?? {};
}
