import { escapeLiteral } from 'pg';
import type { ChangedColumn } from '../../change/changed-column.ts';
import { namesOf } from '../../change/names.ts';
import { EMPTY_PLAN, type LockedPlan } from '../../postgres/exclusive-lock.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { Side } from '../../sync/filled-column.ts';
import { columnAt } from '../table-column.ts';
import { columnNames, lendName, returnName } from '../under-other-name.ts';
import { readViews } from './views.ts';

/**
 * Plans how the views of one column are made anew for the other column, under their names. All statements only change
 * the catalog.
 *
 * 1. Before the table's lock: drop the views, each before the views that it uses.
 * 2. Under the lock: give the other column the first one's name, and create the views from their own definitions.
 * 3. Give both columns their names again. The views keep the names of their columns.
 *
 * @param from the column that the views use
 */
export async function planViews(database: Queryable, change: ChangedColumn, from: Side): Promise<LockedPlan> {
  const views = await readViews(database, columnAt(change, from));
  if (views.length === 0) return EMPTY_PLAN;
  const { table } = namesOf(change);
  const names = columnNames(change, from);
  const { rows } = await database.query<{ path: string }>(`select current_setting('search_path') as path`);
  return {
    earlier: views.toReversed().map(({ name }) => ({ relation: name, statement: `drop view ${name}` })),
    statements: [
      ...lendName(table, names),
      // The definitions were written under it.
      `set local search_path = pg_catalog`,
      ...views.flatMap(({ definition }) => definition),
      ...views.flatMap(({ properties }) => properties),
      `select pg_catalog.set_config('search_path', ${escapeLiteral(rows[0]!.path)}, true)`,
      ...returnName(table, names),
    ],
    furtherTables: [],
  };
}
