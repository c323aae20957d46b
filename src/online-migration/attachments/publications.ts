import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import type { LockedPlan } from '../postgres/exclusive-lock.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Side } from '../sync/filled-column.ts';
import { publishStatement, readFilters, readPublishedTables, withdrawStatement } from './published-tables.ts';
import { otherNames } from './table-column.ts';
import { definitionOf, NOTHING_DEFINED } from './translated.ts';
import { translate } from './translation.ts';

/*
 * A publication names columns in the column list and in the row filter of a table.
 *
 * - A list has both columns while both exist. A subscriber gets the new values of all rows by the updates of the backfill,
 *   which the list would otherwise leave out.
 * - A filter cannot use both. It goes over in contract, together with the replica identity: for updates, PostgreSQL takes only
 *   its columns.
 *
 * `alter publication` has no action for one table. It is dropped and added in one transaction, so that no other table is
 * touched and a subscriber sees one change.
 */

/** How a phase leaves the publications. */
export interface PublicationStep {
  /** Whether lists get the other columns beside these or in place of these; without it, they stay. */
  readonly lists?: 'beside' | 'instead';
  /** Whether filters go over. */
  readonly filters?: boolean;
}

/**
 * Plans how the publications of the table follow. The statements take SHARE UPDATE EXCLUSIVE on the table and only change the
 * catalog.
 * @param from the side whose columns the lists and filters name
 */
export async function planPublications(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  { lists, filters = false }: PublicationStep,
): Promise<LockedPlan> {
  const published = await readPublishedTables(database, changeNamesOf(change).table);
  const carried = filters ? await readFilters(database, change, from) : [];
  const { filters: translations } = await translate(database, change, from, {
    ...NOTHING_DEFINED,
    filters: carried,
  });
  const statements = published.flatMap((one) => {
    const columns = lists === undefined ? one.columns : followingList(one.columns, change, from, lists);
    const filter = definitionOf(translations, one.name) ?? one.filter;
    const isSame = filter === one.filter && String(columns) === String(one.columns);
    return isSame ? [] : [withdrawStatement(one), publishStatement({ ...one, columns, filter })];
  });
  return { statements, furtherTables: [] };
}

function followingList(
  columns: readonly string[] | null,
  change: ColumnChange,
  from: Side,
  lists: 'beside' | 'instead',
): readonly string[] | null {
  if (columns === null) return null;
  const names = otherNames(change, from);
  const following = columns.flatMap((column) => {
    const other = names.get(column);
    if (other === undefined) return [column];
    return lists === 'beside' ? [column, other] : [other];
  });
  return [...new Set(following)];
}
