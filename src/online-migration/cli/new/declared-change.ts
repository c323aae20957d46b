import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Conversion } from '../../change/column-change.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import type { EpochUnit } from '../../conversions/index.ts';
import { type EarlierChanges, interimName, numbered, numberOf } from './change-number.ts';
import { standIn } from './conversion-file.ts';
import { convertedDefault } from './converted-default.ts';
import { keyOf } from './new-change.ts';
import { collecting, joined } from './refusals.ts';
import { type ChosenConversion, knownConversion } from './pairs/known-conversions.ts';
import { type ColumnFacts, type DescribingQueryable, enumLabels, type TableFacts } from './table-facts.ts';
import { baseType } from './type-setup.ts';

/** The wanted type of a column. */
export interface WantedType {
  /** As the catalog writes it. */
  readonly to: string;
  readonly zone: string;
  /** The unit of integers that are times. */
  readonly epochUnit: EpochUnit;
  /** The new column's interim name; undefined to derive it from the old name. */
  readonly newColumn: string | undefined;
  readonly renameInContract: boolean;
  /** If one of them has the same column, the new change gets a numbered name. */
  readonly earlier: EarlierChanges;
}

/** A change as it is declared, and the facts that led to it. */
export interface DeclaredChange {
  readonly change: ChangedColumn;
  /** The number of the change among those of the column; undefined for the first. */
  readonly number: number | undefined;
  /** The package's conversion; null if it has none, and the change has a stand-in. */
  readonly found: ChosenConversion | null;
  /** The labels of the new type, if it is an enum. */
  readonly labels: readonly string[];
  /** The reasons for which it cannot be written. */
  readonly refusals: readonly OnlineMigrationError[];
}

/**
 * Declares a change of a column's type, with the package's conversion. It reads no value of the table.
 *
 * @returns the change, with the reasons for which it cannot be written: the conversion is impossible for the two types or for
 *   the default
 * @throws OnlineMigrationError if an earlier change of the column is not finished
 */
export async function declaredChange(
  database: DescribingQueryable,
  table: TableFacts,
  column: ColumnFacts,
  wanted: WantedType,
): Promise<DeclaredChange> {
  const { to, zone, epochUnit, earlier } = wanted;
  const labels = await enumLabels(database, to);
  const known = knownConversion(await baseType(database, column.type), await baseType(database, to), {
    labels,
    oldLabels: await enumLabels(database, column.type),
    zone,
    epochUnit,
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
    wanted.newColumn ?? interimName(table, column.name, earlier),
    wanted.renameInContract,
  );
  const unfinished: OnlineMigrationError[] = [];
  const number = await collecting(unfinished, () => numberOf(database, change, earlier));
  // Most obstacles would be objects of the unfinished change.
  if (unfinished.length > 0) throw joined([...refusals, ...unfinished]);
  const name = number == null ? {} : { name: numbered(change, number) };
  return { change: { ...name, ...change }, number: number ?? undefined, found, labels, refusals };
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
