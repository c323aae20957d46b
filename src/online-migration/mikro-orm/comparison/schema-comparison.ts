import { DatabaseSchema, DatabaseTable } from '@mikro-orm/postgresql';
import { triggerNames } from '../../change/names.ts';
import type { ChangeUnderWay } from './changes-under-way.ts';

type Index = ReturnType<DatabaseTable['getIndexes']>[number];
type Check = ReturnType<DatabaseTable['getChecks']>[number];
type ForeignKey = ReturnType<DatabaseTable['getForeignKeys']>[string];

/** A table with its left-out columns. */
interface ChangingTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: ReadonlySet<string>;
  readonly triggers: ReadonlySet<string>;
  readonly found: DatabaseTable;
  /** The mapping that it is compared with. */
  readonly target: DatabaseTable;
}

/**
 * Removes the effects of column changes under way from two schemas: their two columns, and the indexes, constraints,
 * checks, foreign keys, triggers and enums of these columns. So no stage of a change, and no mapping of its table,
 * causes a difference; everything else still does.
 *
 * Several mappings of one table describe its forms, and MikroORM compares only the first. If they differ in a column,
 * that column is also left out, at any stage.
 *
 * @param found the schema from the database or a snapshot file; it is altered
 * @param target the schema of the entities
 * @param changes the changes under way
 * @returns the tables with left-out columns: `public.orders (total, total_new)`
 */
export function leaveChangesOut(
  found: DatabaseSchema,
  target: DatabaseSchema,
  changes: readonly ChangeUnderWay[],
): string[] {
  const tables = changingTables(found, target, changes);
  for (const table of tables) {
    alignEnums(table, found, target);
    alignColumns(table);
  }
  for (const table of tables) {
    alignIndexes(table);
    alignChecks(table);
    table.found.setTriggers(table.found.getTriggers().filter(({ name }) => !table.triggers.has(name)));
  }
  for (const owner of found.getTables()) {
    const [targetOwner] = tablesNamed(target, owner.schema ?? found.name, owner.name);
    if (targetOwner !== undefined) alignForeignKeys(owner, targetOwner, tables);
  }
  return tables.map(({ schema, name, columns }) => `${schema}.${name} (${[...columns].join(', ')})`);
}

/** A copy of the tables of a schema, whose columns, indexes and constraints can be altered apart from it. */
export function copyOf(
  schema: DatabaseSchema,
  platform: ConstructorParameters<typeof DatabaseSchema>[0],
): DatabaseSchema {
  const copy = new DatabaseSchema(platform, schema.name);
  copy.setNativeEnums({ ...schema.getNativeEnums() });
  copy.setTables(
    schema.getTables().map((table) => {
      const own = new DatabaseTable(platform, table.name, table.schema);
      for (const column of table.getColumns()) own.addColumn(column);
      own.setIndexes([...table.getIndexes()]);
      own.setChecks([...table.getChecks()]);
      own.setTriggers([...table.getTriggers()]);
      const keys = Object.entries(table.getForeignKeys());
      own.setForeignKeys(Object.fromEntries(keys.map(([name, key]) => [name, { ...key }])));
      return own;
    }),
  );
  return copy;
}

function changingTables(
  found: DatabaseSchema,
  target: DatabaseSchema,
  changes: readonly ChangeUnderWay[],
): ChangingTable[] {
  return found.getTables().flatMap((foundTable) => {
    const { name } = foundTable;
    const schema = foundTable.schema ?? found.name;
    const mappings = tablesNamed(target, schema, name);
    const ofTable = changes.filter((change) => change.schema === schema && change.table === name);
    const columns = new Set([
      ...ofTable.flatMap(({ oldColumn, newColumn }) => [oldColumn, newColumn]),
      ...differingColumns(mappings),
    ]);
    if (mappings[0] === undefined || columns.size === 0) return [];
    return {
      schema,
      name,
      columns,
      triggers: new Set(ofTable.flatMap(({ oldColumn }) => Object.values(triggerNames(oldColumn)))),
      found: foundTable,
      target: mappings[0],
    };
  });
}

function differingColumns(mappings: readonly DatabaseTable[]): string[] {
  const columns = mappings.flatMap((table) => table.getColumns());
  return columns
    .filter(({ name, type }) => mappings.some((table) => table.getColumn(name)?.type !== type))
    .map(({ name }) => name);
}

function tablesNamed(database: DatabaseSchema, schema: string, name: string): DatabaseTable[] {
  return database
    .getTables()
    .filter((table) => table.name === name && (table.schema ?? database.name) === schema);
}

/** The enum is in use although the mapping does not contain its column yet, or any more. */
function alignEnums(table: ChangingTable, found: DatabaseSchema, target: DatabaseSchema): void {
  for (const column of table.columns) {
    const enumName = table.found.getColumn(column)?.nativeEnumName;
    if (enumName !== undefined && !target.hasNativeEnum(enumName)) delete found.getNativeEnums()[enumName];
  }
}

function alignColumns({ columns, found, target }: ChangingTable): void {
  for (const name of columns) {
    found.removeColumn(name);
    const column = target.getColumn(name);
    if (column !== undefined) found.addColumn(column);
  }
}

function alignIndexes({ columns, found, target }: ChangingTable): void {
  const concerns = (index: Index) =>
    columnsOf(index).some((column) => columns.has(column)) ||
    mentions(columns, `${index.expression ?? ''} ${index.where ?? ''}`);
  // An index that also covers another new column is a real difference.
  const isPossible = (index: Index) => columnsOf(index).every((column) => found.hasColumn(column));
  found.setIndexes([
    ...found.getIndexes().filter((index) => !concerns(index)),
    ...target.getIndexes().filter((index) => concerns(index) && isPossible(index)),
  ]);
}

function columnsOf({ columnNames, include = [] }: Index): string[] {
  return [...columnNames, ...include];
}

function alignChecks({ columns, found, target }: ChangingTable): void {
  const concerns = ({ columnName, expression }: Check) =>
    (columnName !== undefined && columns.has(columnName)) || mentions(columns, String(expression));
  found.setChecks([
    ...found.getChecks().filter((check) => !concerns(check)),
    ...target.getChecks().filter((check) => concerns(check)),
  ]);
}

/** Foreign keys of the changing columns, and foreign keys of this or another table that refer to them. */
function alignForeignKeys(
  owner: DatabaseTable,
  targetOwner: DatabaseTable,
  tables: readonly ChangingTable[],
): void {
  const concerns = ({ columnNames, referencedTableName, referencedColumnNames }: ForeignKey) =>
    tables.some(
      ({ schema, name, columns, found }) =>
        (found === owner && columnNames.some((column) => columns.has(column))) ||
        ([`${schema}.${name}`, name].includes(referencedTableName) &&
          referencedColumnNames.some((column) => columns.has(column))),
    );
  const isPossible = ({ columnNames }: ForeignKey) => columnNames.every((column) => owner.hasColumn(column));
  const foreignKeys = [
    ...Object.values(owner.getForeignKeys()).filter((key) => !concerns(key)),
    ...Object.values(targetOwner.getForeignKeys()).filter((key) => concerns(key) && isPossible(key)),
  ];
  owner.setForeignKeys(Object.fromEntries(foreignKeys.map((key) => [key.constraintName, key])));
}

/** Whether an SQL expression names one of the columns outside its literals. */
function mentions(columns: ReadonlySet<string>, expression: string): boolean {
  const identifiers = expression
    .replace(/'(?:[^']|'')*'/g, "''")
    .matchAll(/"((?:[^"]|"")+)"|[\p{L}_][\p{L}\p{N}_$]*/gu);
  return [...identifiers].some(([written, quoted]) => columns.has(quoted?.replaceAll('""', '"') ?? written));
}
