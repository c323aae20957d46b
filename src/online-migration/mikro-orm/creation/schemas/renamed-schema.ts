import type { DatabaseSchema, DatabaseTable } from '@mikro-orm/postgresql';
import type { TablePlace } from './table-place.ts';

/*
 * Gives columns and tables of a schema other names, as PostgreSQL does: all that uses them follows. The comparison then finds
 * the differences that a rename leaves.
 */

/**
 * Renames a column, in its indexes, checks, policies and foreign keys, in the generated columns that use it, and in the foreign keys that
 * refer to it.
 */
export function renameColumn(schema: DatabaseSchema, place: TablePlace, from: string, to: string): void {
  const table = tableAt(schema, place);
  const column = table?.getColumn(from);
  if (table === undefined || column === undefined) return;
  const renamed = (names: readonly string[]) => names.map((name) => (name === from ? to : name));
  table.removeColumn(from);
  table.addColumn({ ...column, name: to });
  for (const other of table.getColumns()) {
    if (other.generated === undefined) continue;
    table.removeColumn(other.name);
    table.addColumn({ ...other, generated: inExpression(other.generated, from, to) });
  }
  table.setIndexes(
    table.getIndexes().map((index) => ({
      ...index,
      columnNames: renamed(index.columnNames),
      ...(index.include && { include: renamed(index.include) }),
      ...(index.columns && {
        columns: index.columns.map((one) => ({ ...one, name: one.name === from ? to : one.name })),
      }),
      ...(index.expression !== undefined && { expression: inExpression(index.expression, from, to) }),
      ...(index.where !== undefined && { where: inExpression(index.where, from, to) }),
    })),
  );
  table.setChecks(
    table.getChecks().map((check) => ({
      ...check,
      ...(check.columnName === from && { columnName: to }),
      expression:
        typeof check.expression === 'string' ? inExpression(check.expression, from, to) : check.expression,
      ...(check.definition !== undefined && { definition: inExpression(check.definition, from, to) }),
    })),
  );
  table.setPolicies(
    table.getPolicies().map((policy) => ({
      ...policy,
      ...(policy.using !== undefined && { using: inExpression(policy.using, from, to) }),
      ...(policy.check !== undefined && { check: inExpression(policy.check, from, to) }),
    })),
  );
  for (const owner of schema.getTables()) {
    for (const key of Object.values(owner.getForeignKeys())) {
      if (owner === table) key.columnNames = renamed(key.columnNames);
      if (refersTo(key.referencedTableName, schema, place)) {
        key.referencedColumnNames = renamed(key.referencedColumnNames);
      }
    }
  }
}

/** Renames a table, or moves it to another schema, and in the foreign keys of and to it. */
export function renameTable(schema: DatabaseSchema, place: TablePlace, to: TablePlace): void {
  const table = tableAt(schema, place);
  if (table === undefined) return;
  for (const owner of schema.getTables()) {
    for (const key of Object.values(owner.getForeignKeys())) {
      if (owner === table) key.localTableName = named(key.localTableName, place.schema, to);
      if (refersTo(key.referencedTableName, schema, place)) {
        key.referencedTableName = named(key.referencedTableName, place.schema, to);
      }
    }
  }
  (table as { name: string }).name = to.table;
  if (to.schema === place.schema) return;
  (table as { schema?: string }).schema = to.schema;
  // The migration makes it before the table moves, and keeps it on the way back.
  schema.setNamespaces(new Set([...schema.getNamespaces(), to.schema]));
}

/** The table at a place; undefined if the schema does not have it. */
export function tableAt(schema: DatabaseSchema, place: TablePlace): DatabaseTable | undefined {
  return schema
    .getTables()
    .find((table) => table.name === place.table && (table.schema ?? schema.name) === place.schema);
}

function refersTo(name: string, schema: DatabaseSchema, place: TablePlace): boolean {
  return name === `${place.schema}.${place.table}` || (name === place.table && place.schema === schema.name);
}

/** A name with or without its schema, of a table that gets another name or another schema. */
function named(name: string, schema: string, to: TablePlace): string {
  if (to.schema !== schema) return `${to.schema}.${to.table}`;
  const end = name.lastIndexOf('.');
  return end === -1 ? to.table : `${name.slice(0, end)}.${to.table}`;
}

const PLAIN = /^[a-z_][a-z0-9_]*$/;

/** An SQL expression with another name for a column. Texts in quotes stay as they are. */
function inExpression(expression: string, from: string, to: string): string {
  return expression.replaceAll(
    /'(?:[^']|'')*'|"((?:[^"]|"")+)"|[\p{L}_][\p{L}\p{N}_$]*/gu,
    (written: string, quoted: string | undefined) => {
      const name = quoted?.replaceAll('""', '"') ?? written;
      if (written.startsWith("'") || name !== from) return written;
      return quoted === undefined && PLAIN.test(to) ? to : `"${to.replaceAll('"', '""')}"`;
    },
  );
}
