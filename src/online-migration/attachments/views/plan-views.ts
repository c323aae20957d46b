import { escapeLiteral } from 'pg';
import type { ColumnChange } from '../../change/column-change.ts';
import { hasWayBack } from '../../change/changed-column.ts';
import { changeNamesOf } from '../../change/names.ts';
import { EMPTY_PLAN, type LockedPlan } from '../../postgres/exclusive-lock.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { Side } from '../../sync/filled-column.ts';
import { withCatalogSearchPath } from '../catalog-search-path.ts';
import { columnsAt } from '../table-column.ts';
import { columnNames, lendNames, returnNames } from '../under-other-name.ts';
import {
  copyStatements,
  copyTakesPlace,
  findCopies,
  readStoredViews,
  type StoredView,
} from './materialized-views.ts';
import { readViewsToCarry, recordOriginalsStatement } from './original-definitions.ts';
import { type CarriedView, versionOf } from './views.ts';

/**
 * Plans how the views of one side are made anew for the columns of the other side, under their names. All statements only change
 * the catalog.
 *
 * 1. Before the table's lock: drop the views, each before the views that it uses.
 * 2. Under the lock: give the other columns the first ones' names, and create the views from their own definitions. A
 *    view that comes back  has its original definition, which names the other columns. The copy of a materialized view
 *    takes its place.
 * 3. Give all columns their names again. The views keep the names of their columns.
 * 4. For a change that has a way back, record the definitions for both sides.
 *
 * @param from the side that the views use
 */
export async function planViews(database: Queryable, change: ColumnChange, from: Side): Promise<LockedPlan> {
  const views = await readViewsToCarry(database, change, from);
  if (views.length === 0) return EMPTY_PLAN;
  const stored = await readStoredViews(database, views);
  return {
    earlier: views.toReversed().map((view) => ({ relation: view.name, statements: dropUnaltered(view) })),
    statements: await withCatalogSearchPath(database, [
      ...underNames(
        change,
        from,
        views.map((view) => {
          const copied = stored.find((one) => one.view.oid === view.oid);
          return [view, copied === undefined ? view.definition : copyTakesPlace(copied)];
        }),
      ),
      ...views.flatMap(({ properties }) => properties),
      ...(from === 'old' && hasWayBack(change) ? [recordOriginalsStatement(change, views)] : []),
    ]),
    furtherTables: [],
  };
}

/**
 * Plans how the materialized views of one side are copied for the other side, without rows. Copies of an
 * interrupted run are dropped.
 *
 * @param from the side that the materialized views use
 */
export async function planCopies(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<LockedPlan & { readonly copied: readonly StoredView[] }> {
  const left = await planCopyDrop(database, change, from === 'old' ? 'new' : 'old');
  const copied = await readStoredViews(database, await readViewsToCarry(database, change, from));
  return {
    statements: [
      ...left.statements,
      ...(copied.length === 0
        ? []
        : await withCatalogSearchPath(
            database,
            underNames(
              change,
              from,
              copied.map((stored) => [stored.view, copyStatements(stored)]),
            ),
          )),
    ],
    furtherTables: [],
    copied,
  };
}

/**
 * Plans how the copies of materialized views that use the columns of one side are dropped. An interrupted run has left them.
 * @param side the side that the copies use
 */
export async function planCopyDrop(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<LockedPlan> {
  const copies = await findCopies(database, columnsAt(change, side));
  return { statements: copies.map((name) => `drop materialized view ${name}`), furtherTables: [] };
}

/**
 * Statements that drop a view. An earlier statement would be lost that has altered it since it was read: then the lock counts
 * as not granted, and the next try reads the view again.
 */
function dropUnaltered({ oid, kind, name, owner, version }: CarriedView): string[] {
  const check = `
    begin
      if ${versionOf(`${oid}::oid`)} is distinct from ${escapeLiteral(version)} then
        raise exception using errcode = 'lock_not_available', message = ${escapeLiteral(`${name} has been altered`)};
      end if;
    end`;
  return [
    // This only locks the view. `lock table` would lock its tables too.
    `alter ${kind} ${name} owner to ${owner}`,
    `do ${escapeLiteral(check)}`,
    `drop ${kind} ${name}`,
  ];
}

/** The statements of each view, while the columns that its definition names have these names. */
function underNames(
  change: ColumnChange,
  from: Side,
  ofViews: readonly (readonly [view: CarriedView, statements: readonly string[]])[],
): string[] {
  const { table } = changeNamesOf(change);
  const names = columnNames(change, from);
  let isLent = false;
  const lend = (wanted: boolean): string[] => {
    if (wanted === isLent) return [];
    isLent = wanted;
    return wanted ? lendNames(table, names) : returnNames(table, names);
  };
  return [
    ...ofViews.flatMap(([{ isOriginal = false }, statements]) => [...lend(!isOriginal), ...statements]),
    ...lend(false),
  ];
}
