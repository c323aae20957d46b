import type { Queryable } from '../../postgres/queryable.ts';
import type { CarriedView } from './views.ts';

/** A column of a view that gets another type. */
export interface ChangedViewColumn {
  /** The view: schema and name, quoted. */
  readonly view: string;
  readonly column: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Compares the columns of the views with those of their temporary views.
 * @param nameOf the name of a temporary view
 */
export async function readChangedColumns(
  database: Queryable,
  views: readonly CarriedView[],
  nameOf: (view: CarriedView) => string,
): Promise<ChangedViewColumn[]> {
  const { rows } = await database.query<ChangedViewColumn>(
    `
    select wanted.name as view, quote_ident(real.attname) as column, format_type(real.atttypid, real.atttypmod) as "from",
      format_type(trial.atttypid, trial.atttypmod) as "to"
    from unnest($1::text[], $2::oid[], $3::text[]) with ordinality as wanted (name, oid, trial, place)
    join pg_catalog.pg_attribute real on real.attrelid = wanted.oid and real.attnum > 0
    join pg_catalog.pg_attribute trial on trial.attrelid = to_regclass(wanted.trial) and trial.attnum = real.attnum
    -- The row of the temporary table has another type than that of the real one.
    join pg_catalog.pg_type type on type.oid = trial.atttypid and type.typrelid = 0
    where (trial.atttypid, trial.atttypmod) <> (real.atttypid, real.atttypmod)
    order by wanted.place, real.attnum`,
    [
      views.map(({ name }) => name),
      views.map(({ oid }) => oid),
      views.map((view) => `pg_temp.${nameOf(view)}`),
    ],
  );
  return rows;
}
