import { escapeLiteral } from 'pg';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { type Names, namesOf } from '../../change/names.ts';
import type { RowKey } from '../../change/row-key.ts';
import type { Session } from '../../postgres/session.ts';
import { areDifferent } from '../../change/value-difference.ts';

/**
 * The direction of a backfill: the new column from the old one, or the old one from the new one when contract is
 * reverted.
 */
export interface Fill {
  readonly direction: 'forward' | 'backward';
  readonly change: ChangedColumn;
  readonly names: Names;
  /** Identifies its rejects. */
  readonly key: RowKey;
  /** Column to fill, quoted; a row with null is not filled yet. */
  readonly target: string;
  /** Source column, quoted. */
  readonly source: string;
  /** SQL expression over a row of the table, aliased `t`; null if no faithful value exists. */
  readonly value: string;
  /** Why a row without a faithful value is a reject. */
  readonly rejectReason: string;
}

/** Fills the new column from the old one. */
export function forwardFill(change: ChangedColumn): Fill {
  const names = namesOf(change);
  return {
    direction: 'forward',
    change,
    names,
    key: names.key,
    target: names.newColumn,
    source: names.oldColumn,
    value: `${names.forwardInBulk}(t.${names.oldColumn})`,
    rejectReason: `no equal value of type ${change.newColumn.type}`,
  };
}

/** Fills the old column from the new one. A kept value is used if it still converts to the new value. */
export async function backwardFill(database: Queryable, change: ChangedColumn): Promise<Fill> {
  const names = namesOf(change);
  const rebuilt = `${names.backward}(t.${names.newColumn})`;
  const keptValue = `k.raw_value::${change.oldColumn.type}`;
  const kept = `(
      select ${keptValue}
      from online_migration.kept_value k
      where k.change = ${escapeLiteral(names.change)} and k.key = ${names.lastingKey.text('t')}
        and not (${areDifferent(change.newColumn.type, `${names.forward}(${keptValue})`, `t.${names.newColumn}`)})
    )`;
  return {
    direction: 'backward',
    change,
    names,
    key: names.lastingKey,
    target: names.oldColumn,
    source: names.newColumn,
    // Without kept values, a lookup for each row would find nothing ten million times.
    value: (await hasKeptValues(database, names)) ? `coalesce(${kept}, ${rebuilt})` : rebuilt,
    rejectReason: `no equal value of type ${change.oldColumn.type}`,
  };
}

/**
 * A condition on a row: it is not filled, and it is not a recorded reject.
 * @param alias of the row
 */
export function isUnfilled(fill: Fill, alias: string): string {
  const { names, key, target, source } = fill;
  const known = `
      select from online_migration.reject r
      where r.change = ${escapeLiteral(names.change)} and r.key = ${key.text(alias)}
        and r.raw_value = ${alias}.${source}::text`;
  return `${alias}.${target} is null and ${alias}.${source} is not null and not exists (${known})`;
}

/** Whether any row is neither filled nor a recorded reject. Reads the table up to the first one. */
export async function hasUnfilled(session: Session, fill: Fill): Promise<boolean> {
  const { rows } = await session.withoutStatementTimeout(() =>
    session.query<{ found: boolean }>(
      `select exists (select from ${fill.names.table} t where ${isUnfilled(fill, 't')}) as found`,
    ),
  );
  return rows[0]!.found;
}

async function hasKeptValues(database: Queryable, names: Names): Promise<boolean> {
  const { rows } = await database.query<{ kept: boolean }>(
    `select exists (select from online_migration.kept_value where change = $1) as kept`,
    [names.change],
  );
  return rows[0]?.kept ?? false;
}
