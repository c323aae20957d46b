import { isDeepStrictEqual } from 'node:util';
import type { ColumnChange } from '../../change/column-change.ts';
import { escapeLiteral } from 'pg';
import type { Queryable } from '../../postgres/queryable.ts';
import { readDefinitions, recordDefinitionsStatement } from '../../state/definitions.ts';
import type { Side } from '../../sync/filled-column.ts';
import { columnsAt } from '../table-column.ts';
import { type CarriedView, DEFINITION, readViews } from './views.ts';

/*
 * PostgreSQL writes casts for the new type into a definition: `coalesce(size, 0)` becomes `coalesce(size, 0::bigint)`.
 * The catalog would give that text on the way back, and the view would keep the new type. So contract records the
 * original.
 */

/**
 * Reads the views that use the columns of one side. A view of new columns that is still as contract made it has the
 * definition that it had for the old ones.
 */
export async function readViewsToCarry(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<CarriedView[]> {
  const views = await readViews(database, columnsAt(change, from));
  if (from === 'old' || views.length === 0) return views;
  const recorded = (await readDefinitions(database, change)).filter(({ kind }) => kind === 'view');
  return views.map((view) => {
    const original = recorded.find(({ name }) => name === view.name);
    const isUnaltered =
      original !== undefined && isDeepStrictEqual(parse(original.newDefinition), view.definition);
    return isUnaltered ? { ...view, definition: parse(original.oldDefinition), isOriginal: true } : view;
  });
}

function parse(definition: string): string[] {
  return JSON.parse(definition) as string[];
}

/**
 * The statement that records the definitions of views for both columns. It runs when the views use the new columns and all
 * columns have their own names, with `search_path = pg_catalog`.
 * @param views the views of the old columns
 */
export function recordOriginalsStatement(change: ColumnChange, views: readonly CarriedView[]): string {
  const originals = JSON.stringify(views.map(({ name, definition }) => ({ name, definition })));
  return recordDefinitionsStatement(
    change,
    'view',
    `
      with v as (
        select c.*, wanted.*
        from jsonb_to_recordset(${escapeLiteral(originals)}::jsonb) as wanted (name text, definition jsonb)
        join pg_catalog.pg_class c on c.oid = to_regclass(wanted.name)
      )
      select v.name, v.definition::text, to_json(${DEFINITION})::text from v`,
  );
}
