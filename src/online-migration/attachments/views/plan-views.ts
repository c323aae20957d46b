import { escapeLiteral } from 'pg';
import type { ChangedColumn } from '../../change/changed-column.ts';
import { namesOf } from '../../change/names.ts';
import { EMPTY_PLAN, type LockedPlan } from '../../postgres/exclusive-lock.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { Side } from '../../sync/filled-column.ts';
import { columnAt } from '../table-column.ts';
import { columnNames, lendName, returnName } from '../under-other-name.ts';
import {
  copyStatements,
  copyTakesPlace,
  findCopies,
  readStoredViews,
  type StoredView,
} from './materialized-views.ts';
import { readViews } from './views.ts';

/**
 * Plans how the views of one column are made anew for the other column, under their names. All statements only change
 * the catalog.
 *
 * 1. Before the table's lock: drop the views, each before the views that it uses.
 * 2. Under the lock: give the other column the first one's name, and create the views from their own definitions. The
 *    copy of a materialized view takes its place.
 * 3. Give both columns their names again. The views keep the names of their columns.
 *
 * @param from the column that the views use
 */
export async function planViews(database: Queryable, change: ChangedColumn, from: Side): Promise<LockedPlan> {
  const views = await readViews(database, columnAt(change, from));
  if (views.length === 0) return EMPTY_PLAN;
  const stored = await readStoredViews(database, views);
  return {
    earlier: views
      .toReversed()
      .map(({ kind, name }) => ({ relation: name, statement: `drop ${kind} ${name}` })),
    statements: await underOtherName(database, change, from, [
      ...views.flatMap((view) => {
        const copied = stored.find((one) => one.view.oid === view.oid);
        return copied === undefined ? view.definition : copyTakesPlace(copied);
      }),
      ...views.flatMap(({ properties }) => properties),
    ]),
    furtherTables: [],
  };
}

/**
 * Plans how the materialized views of one column are copied for the other column, without rows. Copies of an
 * interrupted run are dropped.
 *
 * @param from the column that the materialized views use
 */
export async function planCopies(
  database: Queryable,
  change: ChangedColumn,
  from: Side,
): Promise<LockedPlan & { readonly copied: readonly StoredView[] }> {
  const left = await planCopyDrop(database, change, from === 'old' ? 'new' : 'old');
  const copied = await readStoredViews(database, await readViews(database, columnAt(change, from)));
  return {
    statements: [
      ...left.statements,
      ...(copied.length === 0
        ? []
        : await underOtherName(database, change, from, copied.flatMap(copyStatements))),
    ],
    furtherTables: [],
    copied,
  };
}

/**
 * Plans how the copies of materialized views that use a column are dropped. An interrupted run has left them.
 * @param side the column that the copies use
 */
export async function planCopyDrop(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<LockedPlan> {
  const copies = await findCopies(database, columnAt(change, side));
  return { statements: copies.map((name) => `drop materialized view ${name}`), furtherTables: [] };
}

/** The statements, while the other column has the first one's name. */
async function underOtherName(
  database: Queryable,
  change: ChangedColumn,
  from: Side,
  statements: readonly string[],
): Promise<string[]> {
  const { table } = namesOf(change);
  const names = columnNames(change, from);
  const { rows } = await database.query<{ path: string }>(`select current_setting('search_path') as path`);
  return [
    ...lendName(table, names),
    // The definitions were written under it.
    `set local search_path = pg_catalog`,
    ...statements,
    `select pg_catalog.set_config('search_path', ${escapeLiteral(rows[0]!.path)}, true)`,
    ...returnName(table, names),
  ];
}
