import { escapeIdentifier } from 'pg';
import type { DatabaseClient } from '../../../support/database-client.ts';

/** The rows of each table, with the values as text. */
export type Rows = ReadonlyMap<string, readonly Readonly<Record<string, string | null>>[]>;

/**
 * The new names of things: of tables as `schema.table`, of columns and labels alone. By the old names: `schema.table`,
 * `schema.table.column` with the table's new name, and the label.
 */
export type NewNames = ReadonlyMap<string, string>;

/** Reads all rows of all tables. */
export async function readRows(client: DatabaseClient): Promise<Rows> {
  const tables = await client.rows<{ schema: string; name: string; columns: string[] }>(`
    select n.nspname as schema, c.relname as name,
      array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and c.relname !~ 'mikro_orm'
      and n.nspname !~ '^(pg_|information_schema|online_migration)'`);
  const rows = new Map<string, Record<string, string | null>[]>();
  for (const { schema, name, columns } of tables) {
    const texts = columns.map((column) => `${escapeIdentifier(column)}::text`);
    rows.set(
      `${schema}.${name}`,
      await client.rows(
        `select ${texts.join(', ')} from ${escapeIdentifier(schema)}.${escapeIdentifier(name)}`,
      ),
    );
  }
  return rows;
}

/**
 * Finds the tables whose rows, in the columns that are there before and after, are not the same.
 * @param names that things have afterwards
 * @returns each with an example of a row before and a row after
 */
export function lostValues(before: Rows, after: Rows, names: NewNames): string[] {
  return [...before].flatMap(([table, rows]) => {
    const now = after.get(names.get(table) ?? table);
    if (now === undefined) return [];
    const nameOf = columnNames(table, names);
    const columns = Object.keys(rows[0] ?? {}).filter((column) => nameOf(column) in (now[0] ?? {}));
    const form = (value: string | null | undefined) => normal(withNewLabels(value, names));
    const wanted = rows.map((row) => JSON.stringify(columns.map((column) => form(row[column])))).toSorted();
    const found = now
      .map((row) => JSON.stringify(columns.map((column) => normal(row[nameOf(column)]))))
      .toSorted();
    const place = wanted.findIndex((row, index) => row !== found[index]);
    if (place === -1 && wanted.length === found.length) return [];
    return `${table} (${columns.join(', ')}): ${wanted[place]} of ${wanted.length}, then ${found[place]} of ${found.length}`;
  });
}

/** An array is written `{good,bad}`. */
function withNewLabels(value: string | null | undefined, names: NewNames): string | null | undefined {
  if (!value?.startsWith('{')) return names.get(value ?? '') ?? value;
  return value.replaceAll(/[^{},]+/g, (label) => names.get(label) ?? label);
}

function columnNames(table: string, names: NewNames): (column: string) => string {
  const owner = names.get(table) ?? table;
  return (column) => names.get(`${owner}.${column}`) ?? column;
}

/** Sessions are in UTC: a time is the same one with and without its zone. */
function normal(value: string | null | undefined): string | null {
  return value?.replace(/(?<=:\d\d(?:\.\d+)?)\+00$/, '') ?? null;
}

/** The rows that are there before and after, without the columns that are gone in between. */
export function withoutDropped(before: Rows, between: Rows, names: NewNames): Rows {
  return new Map(
    [...before].flatMap(([table, rows]) => {
      const left = between.get(names.get(table) ?? table);
      if (left === undefined) return [];
      const nameOf = columnNames(table, names);
      const kept = Object.keys(rows[0] ?? {}).filter((column) => nameOf(column) in (left[0] ?? {}));
      return [
        [table, rows.map((row) => Object.fromEntries(kept.map((column) => [column, row[column] ?? null])))],
      ];
    }),
  );
}
