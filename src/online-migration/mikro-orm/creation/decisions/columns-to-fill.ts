import type { DatabaseTable, SchemaDifference } from '@mikro-orm/postgresql';
import { escapeIdentifier, escapeLiteral } from 'pg';
import { readVolatile } from '../../../ordinary/volatile-default.ts';
import type { Queryable } from '../../../postgres/queryable.ts';
import type { ComparedSchemas } from '../../comparison/online-schema-generator.ts';
import { type PlacedQuestion } from '../questions/find-questions.ts';
import { SERIALS } from '../schemas/type-changes.ts';
import { type TablePlace, placeOf, tableName } from '../schemas/table-place.ts';

type Column = NonNullable<ReturnType<DatabaseTable['getColumn']>>;

/** A new column whose values PostgreSQL cannot give to the rows that are there, or only while nobody can use the table. */
export interface ColumnToFill extends TablePlace {
  readonly column: string;
  /** The value, if the entity tells: an SQL expression. */
  readonly value?: string;
  /** Statements that follow the new column: they give a value to new rows. */
  readonly afterwards: readonly string[];
  readonly isRequired: boolean;
}

/**
 * Finds the new columns of tables with rows
 *
 * - that are required and have no default: PostgreSQL refuses them, and an older release would not write them;
 * - whose default differs from row to row, or that are numbered: PostgreSQL would rewrite the table.
 *
 * @param database undefined if there is none: then each table counts as one with rows
 * @param defaultSchema the schema of tables without one
 */
export async function findColumnsToFill(
  { changedTables }: SchemaDifference,
  schemas: ComparedSchemas,
  database: Queryable | undefined,
  defaultSchema: string,
): Promise<ColumnToFill[]> {
  const found: ColumnToFill[] = [];
  for (const { fromTable, addedColumns, removedColumns } of Object.values(changedTables)) {
    const place = placeOf(fromTable, schemas);
    const ofTable: ColumnToFill[] = [];
    for (const column of Object.values(addedColumns)) {
      if (column.generated || removedColumns[column.name] !== undefined) continue;
      const one = await columnToFill(place, column, database, defaultSchema);
      if (one !== undefined) ofTable.push(one);
    }
    if (ofTable.length === 0 || (database !== undefined && !(await hasRows(database, place)))) continue;
    found.push(...ofTable);
  }
  return found;
}

async function columnToFill(
  place: TablePlace,
  column: Column,
  database: Queryable | undefined,
  defaultSchema: string,
): Promise<ColumnToFill | undefined> {
  const own = { ...place, column: column.name, isRequired: !column.nullable };
  const name = escapeIdentifier(column.name);
  const setDefault = (value: string) =>
    `alter table ${tableName(place, defaultSchema)} alter column ${name} set default ${value}`;
  if (column.autoincrement) {
    const sequence = tableName({ ...place, table: `${place.table}_${column.name}_seq` }, defaultSchema);
    const value = `nextval(${escapeLiteral(sequence)})`;
    const create = `create sequence ${sequence} as ${plainType(column)} owned by ${tableName(place, defaultSchema)}.${name}`;
    return { ...own, value, afterwards: [create, setDefault(value)] };
  }
  if (column.default == null) return column.nullable ? undefined : { ...own, afterwards: [] };
  const isVolatile = database !== undefined && (await readVolatile(database, column.default));
  return isVolatile ? { ...own, value: column.default, afterwards: [setDefault(column.default)] } : undefined;
}

/** The new column as the ordinary migration adds it: without a value. */
export function withoutValue(column: Column): void {
  column.type = plainType(column);
  column.nullable = true;
  column.autoincrement = false;
  delete column.default;
}

function plainType({ type }: Column): string {
  return SERIALS[type.toLowerCase()] ?? type;
}

/** The question for the values of the rows that are there. */
export function valueQuestion({ schema, table, column }: ColumnToFill): PlacedQuestion {
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
