import { DatabaseError, escapeLiteral } from 'pg';
import type { ChangedColumn } from '../../change/changed-column.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import type { Conversion } from '../../change/column-change.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { knownConversion } from './pairs/known-conversions.ts';
import { interimName, numbered, numberOf } from './change-number.ts';
import { keyOf, namesFor, type NewChange } from './new-change.ts';
import { planRename } from './plan-rename.ts';
import { epochUnitOf, sampleOf } from './column-values.ts';
import { standIn, toBeWritten } from './conversion-file.ts';
import { baseType, typeSetup } from './type-setup.ts';
import {
  canonicalType,
  type DescribingQueryable,
  type ColumnFacts,
  enumLabels,
  listTables,
  readTable,
  type TableFacts,
} from './table-facts.ts';

/** The user's input. */
export interface WantedChange {
  readonly table: string;
  readonly column: string;
  /** The expected type of the column; undefined for any. */
  readonly from: string | undefined;
  readonly to: string;
  /** The new column's interim name; undefined to derive it from the old name. */
  readonly newColumn: string | undefined;
  /** The time zone of the timestamps; undefined if not given. */
  readonly zone: string | undefined;
  /** The new name of the column, if the change is only a rename. */
  readonly rename: string | undefined;
  readonly renameInContract: boolean;
}

const NAMED_TABLES = 20;
/** A default that is a literal, as in the catalog: `'new'::text`, `'{}'::integer[]`, `7`, `false`. */
const CONSTANT =
  /^(?:'(?:[^']|'')*'::(?:[\w .]|"(?:[^"]|"")*")+(?:\([\d,]+\)[\w ]*)?(?:\[\])*|-?[0-9.]+|true|false)$/;

/**
 * Plans a change from the user's input and the database.
 *
 * @param firstNumber of its migrations
 * @param others the project's changes; if one has the same column, the new change gets a numbered name
 * @throws OnlineMigrationError that names the mismatch and the actual value
 */
export async function planChange(
  database: DescribingQueryable,
  wanted: WantedChange,
  firstNumber: number,
  others: readonly ChangedColumn[],
): Promise<NewChange> {
  const table = await readTable(database, wanted.table);
  if (table === null) {
    const tables = await listTables(database, NAMED_TABLES);
    throw new OnlineMigrationError(
      'TABLE_UNKNOWN',
      `There is no table ${wanted.table}, and nothing was written. ${withoutQuotes(wanted.table)}` +
        (tables.length === 0 ? 'The database has no table.' : `There is: ${tables.join(', ')}.`),
      { table: wanted.table, tables },
    );
  }
  const column = columnOf(table, wanted.column);
  if (wanted.from !== undefined && (await typeOf(database, wanted.from, '--from')) !== column.type) {
    throw new OnlineMigrationError(
      'COLUMN_TYPE_DIFFERS',
      `${column.name} is ${column.type} and not ${wanted.from}, and nothing was written.`,
      { column: column.name, declared: wanted.from, found: column.type },
    );
  }
  if (wanted.rename !== undefined)
    return planRename(database, { table, column, firstNumber, others }, wanted.rename);
  const to = await typeOf(database, wanted.to, '--to');
  if (to === column.type) {
    throw new OnlineMigrationError(
      'TYPE_UNCHANGED',
      `${column.name} is ${to} already, and nothing was written.`,
      { column: column.name, type: to },
    );
  }
  if (wanted.zone !== undefined) await refuseUnknownZone(database, wanted.zone);
  const zone = wanted.zone ?? 'UTC';
  const labels = await enumLabels(database, to);
  const found = knownConversion(await baseType(database, column.type), await baseType(database, to), {
    labels,
    oldLabels: await enumLabels(database, column.type),
    zone,
    epochUnit: await epochUnitOf(database, table, column),
  });
  if (typeof found === 'string') {
    throw new OnlineMigrationError('CONVERSION_IMPOSSIBLE', `${found}. Nothing was written.`, {
      from: column.type,
      to,
    });
  }
  const conversion = found?.conversion ?? standIn(column.type, to);
  // Nothing can be converted yet, so a person declares the default.
  const newDefault = found === null ? null : await convertedDefault(database, conversion, column, to);
  const change = declare(
    table,
    column,
    { type: to, default: newDefault },
    conversion,
    wanted.newColumn ?? interimName(table, column.name, others),
    wanted.renameInContract,
  );
  const number = await numberOf(database, change, others);
  const name = number === undefined ? {} : { name: numbered(change, number) };
  const words = namesFor(table, column.name, number);
  return {
    table,
    change: { ...name, ...change },
    conversion: found ?? toBeWritten(words, conversion),
    labels,
    typeSetup: await typeSetup(database, [column.type, to]),
    sample: found === null ? await sampleOf(database, table, column) : [],
    zone,
    firstNumber,
    words,
  };
}

function declare(
  table: TableFacts,
  column: ColumnFacts,
  added: { readonly type: string; readonly default: string | null },
  conversion: Conversion,
  newColumn: string,
  renameInContract: boolean,
): ChangedColumn {
  return {
    table: { schema: table.schema, name: table.name },
    key: keyOf(table),
    oldColumn: { name: column.name, type: column.type, ...withDefault(column.default) },
    newColumn: { name: newColumn, type: added.type, ...withDefault(added.default) },
    conversion,
    ...(column.notNull ? {} : { nullable: true }),
    ...(renameInContract ? { renameInContract } : {}),
  };
}

function withDefault(expression: string | null): { default?: string } {
  return expression === null ? {} : { default: expression };
}

/**
 * The new column's default: the converted value if the old default is a literal, otherwise the old expression,
 * converted at each use.
 */
async function convertedDefault(
  database: Queryable,
  { forward }: Conversion,
  { name, type, default: expression }: ColumnFacts,
  to: string,
): Promise<string | null> {
  if (expression === null) return null;
  const converted = forward(`(${expression})::${type}`);
  if (!CONSTANT.test(expression)) return `(${converted.replaceAll(/\s+/g, ' ').trim()})`;
  const { rows } = await database.query<{ value: string | null }>(`select (${converted})::text as value`);
  const value = rows[0]?.value;
  if (value == null) {
    throw new OnlineMigrationError(
      'DEFAULT_NOT_CONVERTIBLE',
      `The default of ${name}, ${expression}, does not convert to ${to}, and nothing was written. Change the default first.`,
      { column: name, default: expression, type: to },
    );
  }
  // In the catalog's spelling, which MikroORM compares: `0.00::numeric(12,2)`, and `'-1.00'::numeric(12,2)`.
  const literal = /^numeric\b/.test(to) && /^\d/.test(value) ? value : escapeLiteral(value);
  return `${literal}::${to}`;
}

async function refuseUnknownZone(database: Queryable, zone: string): Promise<void> {
  const { rows } = await database.query<{ known: boolean }>(
    `select exists (select from pg_catalog.pg_timezone_names where lower(name) = lower($1)) as known`,
    [zone],
  );
  if (rows[0]?.known) return;
  throw new OnlineMigrationError(
    'TIME_ZONE_UNKNOWN',
    `--zone ${zone}: the database knows no such time zone, and nothing was written. It takes names such as Europe/Berlin.`,
    { zone },
  );
}

/** Advice for a name in SQL's quotes. */
function withoutQuotes(name: string): string {
  return name.includes('"') ? 'Give names without SQL quotes. ' : '';
}

function columnOf(table: TableFacts, name: string): ColumnFacts {
  const column = table.columns.find((other) => other.name === name);
  if (column !== undefined) return column;
  const columns = table.columns.map((other) => other.name);
  throw new OnlineMigrationError(
    'COLUMN_UNKNOWN',
    `The table ${table.name} has no column ${name}, and nothing was written. ${withoutQuotes(name)}` +
      `It has: ${columns.join(', ')}.`,
    { table: table.name, column: name, columns },
  );
}

async function typeOf(database: DescribingQueryable, type: string, option: string): Promise<string> {
  const canonical = await canonicalType(database, type).catch((error: unknown) => {
    if (!(error instanceof DatabaseError)) throw error;
    throw new OnlineMigrationError(
      'TYPE_UNKNOWN',
      `${option} ${type}: ${error.message}. Nothing was written.`,
      { option, type },
      { cause: error },
    );
  });
  if (canonical !== null) return canonical;
  throw new OnlineMigrationError(
    'TYPE_UNKNOWN',
    `${option} ${type}: the database has no such type, and nothing was written. An enum has to be made first.`,
    { option, type },
  );
}
