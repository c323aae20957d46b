import type { ComparedSchemas } from '../comparison/online-schema-generator.ts';
import type { SchemaDifference } from '@mikro-orm/postgresql';
import { escapeIdentifier } from 'pg';
import type { Queryable } from '../../postgres/queryable.ts';
import { type PlacedQuestion, placeOf, type TablePlace } from './find-questions.ts';

/** A new required column of a table with rows. */
export interface RequiredColumn extends TablePlace {
  readonly column: string;
}

/**
 * Finds the new columns that are required and have no default, on tables with rows. PostgreSQL refuses it, and the
 * application's older version would not write it.
 * @param database undefined if there is none: then each table counts as one with rows
 */
export async function findRequiredColumns(
  { changedTables }: SchemaDifference,
  schemas: ComparedSchemas,
  database: Queryable | undefined,
): Promise<RequiredColumn[]> {
  const found: RequiredColumn[] = [];
  for (const { fromTable, addedColumns, removedColumns } of Object.values(changedTables)) {
    const place = placeOf(fromTable, schemas);
    const required = Object.values(addedColumns).filter(
      (column) =>
        !column.nullable &&
        column.default == null &&
        !column.generated &&
        !column.autoincrement &&
        removedColumns[column.name] === undefined,
    );
    if (required.length === 0 || (database !== undefined && !(await hasRows(database, place)))) continue;
    found.push(...required.map(({ name }) => ({ ...place, column: name })));
  }
  return found;
}

/** The question for the values of the rows that are older than the column. */
export function valueQuestion({ schema, table, column }: RequiredColumn): PlacedQuestion {
  return {
    kind: 'fill',
    names: [column, `${table}.${column}`, `${schema}.${table}.${column}`],
    candidates: [],
    text: `The new column ${table}.${column} is required and has no default, and ${table} has rows`,
    place: { schema, table, column },
  };
}

/** A table that a migration is going to rename does not have its new name yet. */
async function hasRows(database: Queryable, { schema, table }: TablePlace): Promise<boolean> {
  const name = `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;
  const { rows: tables } = await database.query<{ is_there: boolean }>(
    `select to_regclass($1) is not null as is_there`,
    [name],
  );
  if (!tables[0]!.is_there) return true;
  const { rows } = await database.query<{ found: boolean }>(`select exists (select from ${name}) as found`);
  return rows[0]!.found;
}
