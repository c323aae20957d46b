import type { ChangedColumn } from '../change/changed-column.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { readRecordedChanges } from '../state/recorded-changes.ts';
import type { EarlierChanges } from './change-number.ts';
import { epochUnitOf, sampleOf } from './column-values.ts';
import { declaredChange, type DeclaredColumn } from './declared-change.ts';
import { findColumns, findTable, findType } from './named-objects.ts';
import { inSentence, namesFor, type NewChange, type NewColumn, type NewMigrations } from './new-change.ts';
import { toBeWritten } from './own-conversions.ts';
import { planRename } from './plan-rename.ts';
import { newName } from './sql-name.ts';
import { type ColumnFacts, type DescribingQueryable, readTable } from './table-facts.ts';
import { checksForTest } from './test-checks.ts';
import { objectSetup, partsWithoutTest } from './test-objects.ts';
import { typeSetup } from './type-setup.ts';

/** The user's input. */
export interface WantedChange {
  readonly table: string;
  /** At least one; several share one change. */
  readonly columns: readonly string[];
  /** The expected type of the columns; undefined for any. */
  readonly from: string | undefined;
  /** The new type of all columns, or that of each one. */
  readonly to: string | readonly string[];
  /** The interim name of the only new column; undefined to derive it from the old name. */
  readonly newColumn: string | undefined;
  /** The time zone of the timestamps; undefined if not given. */
  readonly zone: string | undefined;
  /** The new name of the only column, if the change is only a rename. */
  readonly rename: string | undefined;
  readonly renameInContract: boolean;
}

/**
 * Plans a change from the user's input and the database.
 *
 * @param project the names of its migrations
 * @param others the columns of the project's changes; if one has the same columns, the new change gets a numbered name
 * @param migrations names of the project's migrations, without their numbers
 * @returns the plan, with the reasons for which it cannot be written
 * @throws OnlineMigrationError that names the mismatch and the actual value, if the input has no meaning
 */
export async function planChange(
  database: DescribingQueryable,
  wanted: WantedChange,
  project: NewMigrations,
  others: readonly ChangedColumn[],
  migrations: readonly string[] = [],
): Promise<NewChange> {
  const earlier: EarlierChanges = {
    listed: others,
    migrations,
    recorded: await readRecordedChanges(database),
  };
  const table = await readTable(database, await findTable(database, wanted.table));
  const columns = findColumns(table, wanted.columns);
  if (wanted.from !== undefined) await refuseOtherType(database, columns, wanted.from);
  if (wanted.rename !== undefined) {
    const column = columns[0]!;
    return planRename(database, { table, column, project, earlier }, newName(wanted.rename));
  }
  const types = new Map<string, string>();
  for (const [place, { name }] of columns.entries()) {
    const text = typeof wanted.to === 'string' ? wanted.to : wanted.to[place]!;
    types.set(name, await findType(database, text, '--to'));
  }
  refuseUnchanged(columns, types);
  if (wanted.zone !== undefined) await refuseUnknownZone(database, wanted.zone);
  const zone = wanted.zone ?? 'UTC';
  const declared = await declaredChange(database, table, columns, {
    types,
    zone,
    epochUnitOf: (column) => epochUnitOf(database, table, column),
    newColumn: wanted.newColumn === undefined ? undefined : newName(wanted.newColumn),
    renameInContract: wanted.renameInContract,
    earlier,
  });
  const { change, number, refusals } = declared;
  const own = toBeWritten(table, declared.columns, number);
  const planned = async ({ facts, change: changed, found, labels }: DeclaredColumn): Promise<NewColumn> => ({
    facts,
    change: changed,
    conversion: found ?? own.get(facts.type)!,
    labels,
    sample: found === null ? await sampleOf(database, table, facts) : [],
  });
  const [first, ...further] = declared.columns;
  const plannedColumns: [NewColumn, ...NewColumn[]] = [await planned(first)];
  for (const column of further) plannedColumns.push(await planned(column));
  const checks = await checksForTest(database, table, plannedColumns);
  return {
    table,
    change,
    columns: plannedColumns,
    setup: [
      ...(await typeSetup(database, [...columns.map(({ type }) => type), ...new Set(types.values())])),
      ...(await objectSetup(database, table, columns)),
    ],
    checks,
    untested: await partsWithoutTest(database, table, checks),
    refusals,
    zone,
    ...project,
    words: namesFor(
      table,
      columns.map(({ name }) => name),
      number,
    ),
  };
}

async function refuseOtherType(
  database: DescribingQueryable,
  columns: readonly ColumnFacts[],
  from: string,
): Promise<void> {
  const type = await findType(database, from, '--from');
  const other = columns.find((column) => column.type !== type);
  if (other === undefined) return;
  throw new OnlineMigrationError(
    'COLUMN_TYPE_DIFFERS',
    `${other.name} is ${other.type} and not ${from}, and nothing was written.`,
    { column: other.name, declared: from, found: other.type },
  );
}

function refuseUnchanged(columns: readonly ColumnFacts[], types: ReadonlyMap<string, string>): void {
  const isUnchanged = ({ name, type }: ColumnFacts) => type === types.get(name);
  const unchanged = columns.filter(isUnchanged).map(({ name }) => name);
  if (unchanged.length === 0) return;
  const to = [...new Set(unchanged.map((name) => types.get(name)!))].join(' and ');
  const isOne = unchanged.length === 1;
  const advice = columns.length === 1 ? '' : ` Leave ${isOne ? 'it' : 'them'} out of --columns.`;
  throw new OnlineMigrationError(
    'TYPE_UNCHANGED',
    `${inSentence(unchanged)} ${isOne ? 'is' : 'are'} ${to} already, and nothing was written.${advice}`,
    { ...(isOne ? { column: unchanged[0] } : { columns: unchanged }), type: to },
  );
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
