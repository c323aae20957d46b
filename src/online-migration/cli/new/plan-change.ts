import type { ChangedColumn } from '../../change/changed-column.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import type { Conversion } from '../../change/column-change.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { readRecordedChanges } from '../../state/recorded-changes.ts';
import { knownConversion } from './pairs/known-conversions.ts';
import { type EarlierChanges, interimName, numbered, numberOf } from './change-number.ts';
import { keyOf, namesFor, type NewChange } from './new-change.ts';
import { planRename } from './plan-rename.ts';
import { epochUnitOf, sampleOf } from './column-values.ts';
import { standIn, toBeWritten } from './conversion-file.ts';
import { objectSetup, partsWithoutTest } from './test-objects.ts';
import { baseType, typeSetup } from './type-setup.ts';
import { convertedDefault } from './converted-default.ts';
import { findColumn, findTable, findType } from './named-objects.ts';
import { newName } from './sql-name.ts';
import {
  type DescribingQueryable,
  type ColumnFacts,
  enumLabels,
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

/**
 * Plans a change from the user's input and the database.
 *
 * @param firstNumber of its migrations
 * @param others the project's changes; if one has the same column, the new change gets a numbered name
 * @param migrations names of the project's migrations, without their numbers
 * @returns the plan, with the reasons for which it cannot be written
 * @throws OnlineMigrationError that names the mismatch and the actual value, if the input has no meaning
 */
export async function planChange(
  database: DescribingQueryable,
  wanted: WantedChange,
  firstNumber: number,
  others: readonly ChangedColumn[],
  migrations: readonly string[] = [],
): Promise<NewChange> {
  const earlier: EarlierChanges = {
    listed: others,
    migrations,
    recorded: await readRecordedChanges(database),
  };
  const table = await readTable(database, await findTable(database, wanted.table));
  const column = findColumn(table, wanted.column);
  if (wanted.from !== undefined && (await findType(database, wanted.from, '--from')) !== column.type) {
    throw new OnlineMigrationError(
      'COLUMN_TYPE_DIFFERS',
      `${column.name} is ${column.type} and not ${wanted.from}, and nothing was written.`,
      { column: column.name, declared: wanted.from, found: column.type },
    );
  }
  if (wanted.rename !== undefined)
    return planRename(database, { table, column, firstNumber, earlier }, newName(wanted.rename));
  const to = await findType(database, wanted.to, '--to');
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
  const known = knownConversion(await baseType(database, column.type), await baseType(database, to), {
    labels,
    oldLabels: await enumLabels(database, column.type),
    zone,
    epochUnit: await epochUnitOf(database, table, column),
  });
  const refusals: OnlineMigrationError[] = [];
  const found = typeof known === 'string' ? null : known;
  if (typeof known === 'string') {
    refusals.push(
      new OnlineMigrationError('CONVERSION_IMPOSSIBLE', `${known}. Nothing was written.`, {
        from: column.type,
        to,
      }),
    );
  }
  const conversion = found?.conversion ?? standIn(column.type, to);
  // If nothing can be converted yet, a person declares the default.
  const newDefault =
    found === null
      ? null
      : await collecting(refusals, () => convertedDefault(database, conversion, { column, to, zone }));
  const change = declare(
    table,
    column,
    { type: to, default: newDefault },
    conversion,
    wanted.newColumn === undefined ? interimName(table, column.name, earlier) : newName(wanted.newColumn),
    wanted.renameInContract,
  );
  const number = (await collecting(refusals, () => numberOf(database, change, earlier))) ?? undefined;
  const name = number === undefined ? {} : { name: numbered(change, number) };
  const words = namesFor(table, column.name, number);
  return {
    table,
    change: { ...name, ...change },
    conversion: found ?? toBeWritten(words, conversion),
    labels,
    setup: [
      ...(await typeSetup(database, [column.type, to])),
      ...(await objectSetup(database, table, column)),
    ],
    untested: await partsWithoutTest(database, table),
    sample: found === null ? await sampleOf(database, table, column) : [],
    refusals,
    zone,
    firstNumber,
    words,
  };
}

/** Runs a part of the planning; a refusal is collected with others, and the result is null. */
async function collecting<T>(refusals: OnlineMigrationError[], part: () => Promise<T>): Promise<T | null> {
  try {
    return await part();
  } catch (error) {
    if (!(error instanceof OnlineMigrationError)) throw error;
    refusals.push(error);
    return null;
  }
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
