import { DatabaseError } from 'pg';
import { typeValues } from '../change/declared-type.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { optionFor, sqlParts } from './sql-name.ts';
import { canonicalType, type ColumnFacts, type DescribingQueryable, type TableFacts } from './table-facts.ts';

/*
 * Finds tables, columns and types by the names that a person gives: as in the catalog, or as in SQL. If the two readings find
 * different things, the name is refused.
 */

/** A table's name and schema, as in the catalog. */
export type TablePlace = Pick<TableFacts, 'schema' | 'name'>;

const NAMED_TABLES = 20;

/**
 * Finds a table, with or without its schema.
 * @throws OnlineMigrationError if there is none, or if the name can mean several
 */
export async function findTable(database: Queryable, text: string): Promise<TablePlace> {
  const parts = sqlParts(text);
  const [name, schema, ...further] = (parts ?? []).toReversed();
  const { rows } = await database.query<TablePlace>(
    `
    select n.nspname as schema, c.relname as name
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and (
      c.relname = $1 and pg_table_is_visible(c.oid) or n.nspname || '.' || c.relname = $1
      or c.relname = $2 and ($3::text is null and pg_table_is_visible(c.oid) or n.nspname = $3)
    )
    order by 1, 2`,
    further.length > 0 ? [text, null, null] : [text, name ?? null, schema ?? null],
  );
  if (rows.length > 1)
    throw ambiguous(
      '--table',
      text,
      rows.map((row) => [row.schema, row.name]),
    );
  if (rows[0] !== undefined) return rows[0];
  const tables = await listTables(database, NAMED_TABLES);
  throw new OnlineMigrationError(
    'TABLE_UNKNOWN',
    `There is no table ${text}, and nothing was written. ` +
      (tables.length === 0 ? 'The database has no table.' : `There is: ${tables.join(', ')}.`),
    { table: text, tables },
  );
}

/** Similar tables, as many as fit in a sentence. */
async function listTables(database: Queryable, limit: number): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `
    select case when pg_table_is_visible(c.oid) then c.relname else n.nspname || '.' || c.relname end as name
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'mikro_orm_migrations'
      and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'online_migration', 'online_migration_queue')
    order by pg_table_is_visible(c.oid) desc, name
    limit $1`,
    [limit],
  );
  return rows.map((row) => row.name);
}

/**
 * Finds columns of a table.
 * @throws OnlineMigrationError if there is none of a name, if a name can mean two, or if two names mean the same column
 */
export function findColumns(table: TableFacts, texts: readonly string[]): ColumnFacts[] {
  const option = texts.length === 1 ? '--column' : '--columns';
  const found = texts.map((text) => findColumn(table, text, option));
  const twice = found.find((column, place) => found.indexOf(column) !== place);
  if (twice === undefined) return found;
  throw new OnlineMigrationError(
    'COLUMN_TWICE',
    `--columns names the column ${twice.name} twice, and nothing was written. Name it once.`,
    { table: table.name, column: twice.name },
  );
}

function findColumn(table: TableFacts, text: string, option: string): ColumnFacts {
  const parts = sqlParts(text);
  const inSql = parts?.length === 1 ? parts[0] : undefined;
  const [found, ...others] = table.columns.filter(({ name }) => name === text || name === inSql);
  if (others.length > 0)
    throw ambiguous(
      option,
      text,
      [found!, ...others].map(({ name }) => [name]),
    );
  if (found !== undefined) return found;
  const columns = table.columns.map(({ name }) => name);
  throw new OnlineMigrationError(
    'COLUMN_UNKNOWN',
    `The table ${table.name} has no column ${text}, and nothing was written. It has: ${columns.join(', ')}.`,
    { table: table.name, column: text, columns },
  );
}

/**
 * Finds a type, in the catalog's spelling.
 * @throws OnlineMigrationError if there is none, or if the name can mean two
 */
export async function findType(
  database: DescribingQueryable,
  text: string,
  option: '--to' | '--from',
): Promise<string> {
  const readings = new Set<string>();
  let refusal: DatabaseError | undefined;
  try {
    const inSql = await canonicalType(database, text);
    if (inSql !== null) readings.add(inSql);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    refusal = error;
  }
  // SQL's own types have several names, which are not all in the catalog.
  if (readings.size === 0 || /[A-Z]/.test(text)) {
    for (const type of await typesNamed(database, text)) readings.add(type);
  }
  const [found, ...others] = readings;
  if (others.length > 0) {
    throw new OnlineMigrationError(
      'NAME_AMBIGUOUS',
      `${option} ${text} can mean ${[...readings].join(' and ')}, and nothing was written. Give it as SQL writes it: ` +
        `${option} '${found}'.`,
      { option, name: text, found: [...readings] },
    );
  }
  if (found !== undefined) return found;
  throw new OnlineMigrationError(
    'TYPE_UNKNOWN',
    refusal === undefined
      ? `${option} ${text}: the database has no such type, and nothing was written. An enum has to be made first.`
      : `${option} ${text}: ${refusal.message}. Nothing was written.`,
    { option, type: text },
    refusal && { cause: refusal },
  );
}

/** Types of the user's own that the catalog has under a name, which may be without its quotes: `Mood`, `shop.Mood[]`. */
async function typesNamed(database: DescribingQueryable, text: string): Promise<string[]> {
  const [, element, brackets] = /^(.*?)((?:\[\])?)$/s.exec(text)!;
  const [base, modifier] = typeValues(element!);
  const { rows } = await database.query<{ name: string; has_modifier: boolean }>(
    `
    select format('%I.%I', n.nspname, t.typname) as name, names.has_modifier
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace and n.nspname <> 'pg_catalog'
    join unnest($1::text[], array[false, true]) as names (name, has_modifier)
      on t.typname = names.name and pg_type_is_visible(t.oid) or n.nspname || '.' || t.typname = names.name
    order by names.has_modifier, 1`,
    [modifier === null ? [element] : [element, base.trim()]],
  );
  return rows.map(
    ({ name, has_modifier: hasModifier }) => name + (hasModifier ? `(${modifier})` : '') + brackets!,
  );
}

function ambiguous(
  option: string,
  text: string,
  found: readonly (readonly string[])[],
): OnlineMigrationError {
  const options = found.map((parts) => optionFor(option, ...parts));
  return new OnlineMigrationError(
    'NAME_AMBIGUOUS',
    `${option} ${text} can mean several, and nothing was written. Give its name in quotes, as in SQL: ${options.join(' or ')}.`,
    { option, name: text, found: found.map((parts) => parts.join('.')) },
  );
}
