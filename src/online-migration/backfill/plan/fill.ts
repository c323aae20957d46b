import { escapeLiteral } from 'pg';
import { type ChangedColumn, changedColumnsOf } from '../../change/changed-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { type ChangeNames, changeNamesOf, type Names, namesOf } from '../../change/names.ts';
import type { RowKey } from '../../change/row-key.ts';
import { areDifferent } from '../../change/value-difference.ts';

/**
 * The direction of a backfill: the new columns from the old ones, or the old ones from the new ones when contract is
 * reverted.
 */
export type Direction = 'forward' | 'backward';

/** How a backfill fills one column. */
export interface Fill {
  readonly change: ChangedColumn;
  readonly names: Names;
  /** Column to fill, quoted; null if it is not filled yet. */
  readonly target: string;
  /** Source column, quoted. */
  readonly source: string;
  /** SQL expression over a row of the table, aliased `t`; null if no faithful value exists. */
  readonly value: string;
  /** Why a row without a faithful value is a reject. */
  readonly rejectReason: string;
}

/** How the backfill of a change fills a row: all columns in one update. */
export interface ChangeFill {
  readonly direction: Direction;
  readonly change: ColumnChange;
  readonly names: ChangeNames;
  /** Identifies its rejects. */
  readonly key: RowKey;
  readonly columns: readonly [Fill, ...Fill[]];
}

/** Fills the new columns from the old ones. */
export function forwardFill(change: ColumnChange): ChangeFill {
  const names = changeNamesOf(change);
  const [first, ...others] = changedColumnsOf(change);
  return {
    direction: 'forward',
    change,
    names,
    key: names.key,
    columns: [forwardFillOf(first), ...others.map(forwardFillOf)],
  };
}

function forwardFillOf(change: ChangedColumn): Fill {
  const names = namesOf(change);
  return {
    change,
    names,
    target: names.newColumn,
    source: names.oldColumn,
    value: `${names.forwardInBulk}(t.${names.oldColumn})`,
    rejectReason: `no equal value of type ${change.newColumn.type}`,
  };
}

/** Fills the old columns from the new ones. A kept value is used if it still converts to the new value. */
export async function backwardFill(database: Queryable, change: ColumnChange): Promise<ChangeFill> {
  const names = changeNamesOf(change);
  const [first, ...others] = changedColumnsOf(change);
  const columns: [Fill, ...Fill[]] = [await backwardFillOf(database, first)];
  for (const column of others) columns.push(await backwardFillOf(database, column));
  return { direction: 'backward', change, names, key: names.lastingKey, columns };
}

async function backwardFillOf(database: Queryable, change: ChangedColumn): Promise<Fill> {
  const names = namesOf(change);
  const rebuilt = `${names.backward}(t.${names.newColumn})`;
  const keptValue = `k.raw_value::${change.oldColumn.type}`;
  const kept = `(
      select ${keptValue}
      from online_migration.kept_value k
      where k.change = ${escapeLiteral(names.record)} and k.key = ${names.lastingKey.text('t')}
        and not (${areDifferent(change.newColumn.type, `${names.forward}(${keptValue})`, `t.${names.newColumn}`)})
    )`;
  return {
    change,
    names,
    target: names.oldColumn,
    source: names.newColumn,
    // Without kept values, a lookup for each row would find nothing ten million times.
    value: (await hasKeptValues(database, names)) ? `coalesce(${kept}, ${rebuilt})` : rebuilt,
    rejectReason: `no equal value of type ${change.oldColumn.type}`,
  };
}

async function hasKeptValues(database: Queryable, { record }: Names): Promise<boolean> {
  const { rows } = await database.query<{ kept: boolean }>(
    `select exists (select from online_migration.kept_value where change = $1) as kept`,
    [record],
  );
  return rows[0]?.kept ?? false;
}

/** The columns that a backfill fills, quoted: one, or a list. */
export function targetsOf({ columns }: Pick<ChangeFill, 'columns'>): string {
  return columns.map(({ target }) => target).join(', ');
}
