import type { DatabaseSchema, DatabaseTable } from '@mikro-orm/postgresql';
import { tableAt } from './renamed-schema.ts';
import { placeOf } from './table-place.ts';

/**
 * Gives the schema of the entities all columns and tables back that the database has and the entities do not: the schema between two
 * migrations. The first one adds, before the release that no longer uses the dropped ones; the second one drops, after it.
 *
 * A required column becomes nullable in between: the new release inserts rows without it.
 *
 * @param before the schema of the database
 * @param between of the entities; it is altered
 * @param hasTables whether dropped tables come back, too
 */
export function keepDropped(before: DatabaseSchema, between: DatabaseSchema, hasTables: boolean): void {
  const schemas = { from: before, to: between };
  for (const [key, type] of Object.entries(before.getNativeEnums())) {
    if (!between.hasNativeEnum(key)) between.getNativeEnums()[key] = type;
  }
  for (const table of before.getTables()) {
    const kept = tableAt(between, placeOf(table, schemas));
    if (kept !== undefined) keepColumns(table, kept);
    else if (hasTables) between.setTables([...between.getTables(), table]);
  }
}

function keepColumns(table: DatabaseTable, kept: DatabaseTable): void {
  const dropped = table.getColumns().filter(({ name }) => !kept.hasColumn(name));
  // A table gets another key in one migration.
  if (dropped.length === 0 || dropped.some(({ primary }) => primary === true)) return;
  const names = new Set(dropped.map(({ name }) => name));
  const concerns = (columns: readonly string[]) => columns.some((name) => names.has(name));
  for (const column of dropped) {
    const isFilled = column.default != null || Boolean(column.generated) || column.autoincrement === true;
    kept.addColumn(isFilled ? column : { ...column, nullable: true });
  }
  kept.setIndexes([
    ...kept.getIndexes(),
    ...table
      .getIndexes()
      .filter(({ keyName, columnNames }) => concerns(columnNames) && !kept.hasIndex(keyName)),
  ]);
  kept.setChecks([
    ...kept.getChecks(),
    ...table
      .getChecks()
      .filter(
        ({ name, columnName }) =>
          !kept.hasCheck(name) && concerns(columnName === undefined ? [] : [columnName]),
      ),
  ]);
  const keys = Object.entries(table.getForeignKeys()).filter(([, { columnNames }]) => concerns(columnNames));
  kept.setForeignKeys({ ...Object.fromEntries(keys), ...kept.getForeignKeys() });
}
