import type { DatabaseSchema } from '@mikro-orm/postgresql';
import type { ComparedSchemas } from '../../comparison/online-schema-generator.ts';
import { escapeIdentifier, escapeLiteral } from 'pg';
import type { FilledValue, FillToWrite } from './decided.ts';
import type { PlacedQuestion } from '../questions/find-questions.ts';
import type { Answer } from '../questions/questions.ts';
import { renameColumn, renameTable } from '../schemas/renamed-schema.ts';
import { type TablePlace, tableName } from '../schemas/table-place.ts';

/** A thing that gets another name, as its author says. */
export interface Rename {
  readonly kind: 'column' | 'table' | 'label';
  /** The table, or the enum of a label. */
  readonly place: TablePlace;
  readonly from: string;
  readonly to: string;
  /** The schema that a table is in from now on, if it is another one. */
  readonly otherSchema?: PlacedQuestion['place']['otherSchema'];
}

/** The renames among the answers to questions. */
export function renamesAmong(questions: readonly PlacedQuestion[], answers: readonly Answer[]): Rename[] {
  return questions.flatMap(({ kind, place }, index) => {
    const answer = answers[index];
    if (kind === 'fill' || answer?.kind !== 'renamed') return [];
    if (place.otherSchema !== undefined)
      return { kind, place, from: place.table, to: place.table, otherSchema: place.otherSchema };
    return { kind, place, from: place.column ?? place.label ?? place.table, to: answer.to };
  });
}

/**
 * The rename as a statement, and the one that reverts it.
 * @param defaultSchema the schema that names are in without one
 */
export function renameStatements(
  { kind, place, from, to, otherSchema }: Rename,
  defaultSchema: string,
): { readonly up: string; readonly down: string } {
  if (otherSchema !== undefined) return moveStatements(place, otherSchema, defaultSchema);
  const named = (table: string) => tableName({ schema: place.schema, table }, defaultSchema);
  if (kind === 'column') {
    const alter = `alter table ${named(place.table)} rename column`;
    return {
      up: `${alter} ${escapeIdentifier(from)} to ${escapeIdentifier(to)}`,
      down: `${alter} ${escapeIdentifier(to)} to ${escapeIdentifier(from)}`,
    };
  }
  const alter = (one: string, other: string) =>
    `alter table ${named(one)} rename to ${escapeIdentifier(other)}`;
  return { up: alter(from, to), down: alter(to, from) };
}

/** The author of the entity has moved the table: without this comment, `migration:up` refuses it. */
const ACCEPTED =
  '-- online: accepted the entity has moved, and older releases do not find the table any more';

function moveStatements(
  { schema, table }: TablePlace,
  { name, isNew }: NonNullable<Rename['otherSchema']>,
  defaultSchema: string,
): { up: string; down: string } {
  const move = (from: string, to: string) =>
    `${ACCEPTED}\nalter table ${tableName({ schema: from, table }, defaultSchema)} set schema ${escapeIdentifier(to)}`;
  const create = isNew ? `create schema if not exists ${escapeIdentifier(name)};\n` : '';
  return { up: create + move(schema, name), down: move(name, schema) };
}

/** Renames in a schema. */
export function renameIn(schema: DatabaseSchema, { kind, place, from, to, otherSchema }: Rename): void {
  if (kind === 'column') renameColumn(schema, place, from, to);
  else renameTable(schema, place, { schema: otherSchema?.name ?? place.schema, table: to });
}

/**
 * The fills that give the rows a new label of an enum. `alter type … rename value` would break each process that knows the old one, so
 * the enum gets the new label, and keeps the old one unused. On the way back, the rows get the old one again, which the older release
 * reads.
 */
export function labelFills({ place, from, to }: Rename, { to: target }: ComparedSchemas): FillToWrite[] {
  const type = [place.table, `${place.schema}.${place.table}`];
  return target.getTables().flatMap((table) =>
    table
      .getColumns()
      .filter(({ nativeEnumName }) => type.includes(nativeEnumName ?? ''))
      .map(({ name, type: columnType }) => {
        const relabelled = columnType.endsWith('[]') ? relabelledList : relabelledValue;
        return {
          schema: table.schema ?? target.name,
          table: table.name,
          column: name,
          ...relabelled(name, from, to),
          back: relabelled(name, to, from),
          isRequired: false,
        };
      }),
  );
}

function relabelledValue(column: string, from: string, to: string): FilledValue {
  return { value: escapeLiteral(to), where: `${escapeIdentifier(column)} = ${escapeLiteral(from)}` };
}

function relabelledList(column: string, from: string, to: string): FilledValue {
  const list = escapeIdentifier(column);
  const [before, after] = [escapeLiteral(from), escapeLiteral(to)];
  return { value: `array_replace(${list}, ${before}, ${after})`, where: `${before} = any(${list})` };
}
