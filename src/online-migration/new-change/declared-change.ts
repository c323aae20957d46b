import { type ChangedColumn, changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange, ColumnPair } from '../change/column-change.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { EpochUnit } from '../conversions/index.ts';
import { type EarlierChanges, interimName, numbered, numberOf } from './change-number.ts';
import { convertedDefault } from './converted-default.ts';
import { keyOf } from './new-change.ts';
import { collecting, joined } from './refusals.ts';
import { type ChosenConversion, knownConversion } from './pairs/known-conversions.ts';
import { standIn } from './stand-in.ts';
import { type ColumnFacts, type DescribingQueryable, enumLabels, type TableFacts } from './table-facts.ts';
import { baseType } from './type-setup.ts';

/** The wanted type of the columns. */
export interface WantedType {
  /** The new type of each column by its name, as the catalog writes it. */
  readonly types: ReadonlyMap<string, string>;
  readonly zone: string;
  /** The unit of integers that are times, in a column. */
  readonly epochUnitOf: (column: ColumnFacts) => Promise<EpochUnit>;
  /** The interim name of the only column; undefined to derive the names from the old ones. */
  readonly newColumn: string | undefined;
  readonly renameInContract: boolean;
  /** If one of them has the same columns, the new change gets a numbered name. */
  readonly earlier: EarlierChanges;
}

/** A change as it is declared, and the facts that led to it. */
export interface DeclaredChange {
  readonly change: ColumnChange;
  readonly columns: readonly [DeclaredColumn, ...DeclaredColumn[]];
  /** The number of the change among those of the columns; undefined for the first. */
  readonly number: number | undefined;
  /** The reasons for which it cannot be written. */
  readonly refusals: readonly OnlineMigrationError[];
}

/** A column of a change as it is declared. */
export interface DeclaredColumn {
  readonly facts: ColumnFacts;
  readonly change: ChangedColumn;
  /** The package's conversion; null if it has none, and the column has a stand-in. */
  readonly found: ChosenConversion | null;
  /** The labels of the new type, if it is an enum. */
  readonly labels: readonly string[];
}

/** The declaration of one column, before the whole change has a name. */
type FoundPair = Pick<DeclaredColumn, 'facts' | 'found' | 'labels'> & { readonly pair: ColumnPair };

/**
 * Declares a change of the type of some columns, with the package's conversions. It reads no value of the table.
 *
 * @returns the change, with the reasons for which it cannot be written: the conversion is impossible for the two types or for
 *   the default
 * @throws OnlineMigrationError if an earlier change of a column is not finished
 */
export async function declaredChange(
  database: DescribingQueryable,
  table: TableFacts,
  columns: readonly ColumnFacts[],
  wanted: WantedType,
): Promise<DeclaredChange> {
  const { earlier, renameInContract } = wanted;
  const refusals: OnlineMigrationError[] = [];
  const pairs: FoundPair[] = [];
  for (const column of columns) {
    pairs.push(await declaredPair(database, table, column, wanted, refusals));
  }
  const unnamed: ColumnChange = {
    table: { schema: table.schema, name: table.name },
    key: keyOf(table),
    columns: pairs.map(({ pair }) => pair),
    ...(renameInContract ? { renameInContract } : {}),
  };
  const unfinished: OnlineMigrationError[] = [];
  const number = await collecting(unfinished, () => numberOf(database, unnamed, earlier));
  // Most obstacles would be objects of the unfinished change.
  if (unfinished.length > 0) throw joined([...refusals, ...unfinished]);
  const change = number == null ? unnamed : { name: numbered(unnamed, number), ...unnamed };
  const declared = (column: ChangedColumn, place: number) => {
    const { facts, found, labels } = pairs[place]!;
    return { facts, found, labels, change: column };
  };
  const [first, ...others] = changedColumnsOf(change);
  return {
    change,
    columns: [declared(first, 0), ...others.map((column, place) => declared(column, place + 1))],
    number: number ?? undefined,
    refusals,
  };
}

/** @param refusals receives the reasons for which the column cannot be changed */
async function declaredPair(
  database: DescribingQueryable,
  table: TableFacts,
  column: ColumnFacts,
  { types, zone, epochUnitOf, newColumn, earlier }: WantedType,
  refusals: OnlineMigrationError[],
): Promise<FoundPair> {
  const to = types.get(column.name)!;
  const labels = await enumLabels(database, to);
  const known = knownConversion(await baseType(database, column.type), await baseType(database, to), {
    labels,
    oldLabels: await enumLabels(database, column.type),
    zone,
    epochUnit: await epochUnitOf(column),
  });
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
  const pair: ColumnPair = {
    from: { name: column.name, type: column.type, ...withDefault(column.default) },
    to: {
      name: newColumn ?? interimName(table, column.name, earlier),
      type: to,
      ...withDefault(newDefault),
    },
    conversion,
    ...(column.notNull ? {} : { nullable: true }),
  };
  return { facts: column, pair, found, labels };
}

function withDefault(expression: string | null): { default?: string } {
  return expression === null ? {} : { default: expression };
}
