import { type ChangedColumn, conversionOf } from '../../change/changed-column.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { readRecordedChanges } from '../../state/recorded-changes.ts';
import type { EarlierChanges } from './change-number.ts';
import { epochUnitOf, sampleOf } from './column-values.ts';
import { toBeWritten } from './conversion-file.ts';
import { declaredChange } from './declared-change.ts';
import { findColumn, findTable, findType } from './named-objects.ts';
import { namesFor, type NewChange } from './new-change.ts';
import { planRename } from './plan-rename.ts';
import { newName } from './sql-name.ts';
import { type DescribingQueryable, readTable } from './table-facts.ts';
import { objectSetup, partsWithoutTest } from './test-objects.ts';
import { typeSetup } from './type-setup.ts';

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
  const { change, number, found, labels, refusals } = await declaredChange(database, table, column, {
    to,
    zone,
    epochUnit: await epochUnitOf(database, table, column),
    newColumn: wanted.newColumn === undefined ? undefined : newName(wanted.newColumn),
    renameInContract: wanted.renameInContract,
    earlier,
  });
  const words = namesFor(table, column.name, number);
  return {
    table,
    change,
    conversion: found ?? toBeWritten(words, conversionOf(change)),
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
