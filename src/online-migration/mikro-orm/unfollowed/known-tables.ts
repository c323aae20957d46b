import { escapeIdentifier } from 'pg';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { changeNamesOf } from '../../change/names.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { FindTable } from './column-references.ts';
import type { KnownTable } from './visible-columns.ts';

/** The tables that statements can name. */
export interface TableNames {
  /** The columns of the changes. */
  readonly columns: readonly ChangedColumn[];
  /** The tables of the ORM. */
  readonly tables: readonly KnownTable[];
  /** The schema of a name without one. */
  readonly defaultSchema: string;
}

/**
 * Finds tables by the names that statements give them.
 * @param database tells which table a name without a schema means. If it cannot be reached, the default schema decides
 */
export async function readKnownTables(
  database: Queryable,
  { columns: changedColumns, tables, defaultSchema }: TableNames,
): Promise<FindTable> {
  const known = new Map<string, KnownTable>();
  const changed = changedColumns.map(({ table, oldColumn, newColumn }) => ({
    ...table,
    columns: new Set([oldColumn.name, newColumn.name]),
  }));
  // With inheritance, several entities have the columns of one table.
  for (const table of [...tables, ...changed]) {
    const key = keyOf(table.schema, table.name);
    const columns = new Set([...(known.get(key)?.columns ?? []), ...table.columns]);
    known.set(key, { ...table, columns });
  }
  const unqualified = new Map<string, KnownTable | undefined>();
  for (const column of changedColumns) {
    const { table } = column;
    if (await isFoundByName(database, column, defaultSchema)) {
      unqualified.set(table.name, known.get(keyOf(table.schema, table.name)));
    } else if (table.schema === defaultSchema) unqualified.set(table.name, undefined);
  }
  return (schema, name) => {
    if (schema !== undefined) return known.get(keyOf(schema, name));
    return unqualified.has(name) ? unqualified.get(name) : known.get(keyOf(defaultSchema, name));
  };
}

/** Whether the search path leads from the table's name to the table. */
async function isFoundByName(
  database: Queryable,
  change: ColumnChange,
  defaultSchema: string,
): Promise<boolean> {
  const { schema, name } = change.table;
  try {
    const { rows } = await database.query<{ is_same: boolean }>(
      `select to_regclass($1) is not distinct from to_regclass($2) as is_same`,
      [escapeIdentifier(name), changeNamesOf(change).table],
    );
    return rows[0]!.is_same;
  } catch {
    return schema === defaultSchema;
  }
}

function keyOf(schema: string, name: string): string {
  return JSON.stringify([schema, name]);
}
