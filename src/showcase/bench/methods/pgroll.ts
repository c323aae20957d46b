import type { Connection } from '../../harness/connection.ts';
import { addNewColumn, CONVERSION } from '../../harness/update-statements.ts';
import { type BatchTimes, timed } from './batch-times.ts';
import { ALL_ROWS, type Method } from './method.ts';

/*
 * The algorithm of pgroll for a change of a column's type:
 *
 * 1. Add the new column, with a NOT NULL check that is not valid yet.
 * 2. Add a column `needs_backfill` that is true by default.
 * 3. Create two row triggers for every insert and update. One converts the old value to the new column, unless the
 *    session uses the new schema version, and sets `needs_backfill` to false. The other one converts back for sessions
 *    of the new schema version.
 * 4. In batches of 1,000 rows in the order of the key, without a pause: lock rows that need the backfill, and set their
 *    key to itself. The trigger fills the new column. Each batch is a transaction.
 * 5. End with the first batch that finds no row.
 *
 * PostgreSQL refuses step 4 for the key of this table, which is `generated always as identity`. So the benchmark sets
 * `needs_backfill` to itself, which costs the same. pgroll does this, too, if a table has no key.
 *
 * Source: xataio/pgroll, commit cdbe9b0 of 2026-05-12 (after v0.9.0): pkg/migrations/op_alter_column.go,
 * pkg/migrations/duplicate.go, pkg/backfill/backfill.go, pkg/backfill/config.go, pkg/backfill/trigger.go,
 * pkg/backfill/templates/function.go, sql.go and trigger.go.
 */

/** `DefaultBatchSize` of pkg/backfill/config.go; `DefaultDelay` is 0. */
const BATCH_ROWS = 1_000;
/** The schema of the new version. No session of the benchmark uses it. */
const NEW_VERSION = 'public_02_created_at';

export const pgrollAlgorithm: Method = {
  name: 'pgroll',
  title: 'pgroll’s algorithm',
  column: 'created_at_new',
  workers: null,
  variants: ['kept'],
  rowsDivisor: ALL_ROWS,
  prepare: ({ connection }) => prepare(connection),
  run: ({ connection }) => timed((batch) => fill(connection, batch)),
};

async function prepare(connection: Connection): Promise<void> {
  await addNewColumn(connection);
  await connection.query(`
    alter table public.large_record
    add constraint created_at_new_not_null check (created_at_new is not null) not valid,
    add column needs_backfill boolean default true`);
  await createTrigger(connection, 'up', '<>', `new.created_at_new := (${CONVERSION})`);
  await createTrigger(connection, 'down', '=', `new.created_at := (created_at_new at time zone 'UTC')::text`);
}

/** The trigger has a variable for each column, so that the conversion is an expression of column names. */
async function createTrigger(
  connection: Connection,
  direction: 'up' | 'down',
  comparison: '<>' | '=',
  assignment: string,
): Promise<void> {
  const newValue =
    direction === 'down'
      ? 'created_at_new public.large_record.created_at_new%type := new.created_at_new;'
      : '';
  await connection.query(`
    create function public.pgroll_${direction}() returns trigger language plpgsql as $$
    declare
      id public.large_record.id%type := new.id;
      name public.large_record.name%type := new.name;
      created_at public.large_record.created_at%type := new.created_at;
      ${newValue}
      current_search_path text;
    begin
      select setting into current_search_path from current_setting('search_path') as setting;
      if current_search_path ${comparison} '${NEW_VERSION}' then
        ${assignment};
        new.needs_backfill := false;
      end if;
      return new;
    end $$`);
  await connection.query(`
    create trigger pgroll_${direction} before update or insert on public.large_record
    for each row execute function public.pgroll_${direction}()`);
}

async function fill(connection: Connection, batch: BatchTimes): Promise<void> {
  let last: string | null = null;
  do last = await batch.time(() => touchBatch(connection, last));
  while (last !== null);
}

/** @returns the greatest key of the batch; null if no row is left */
async function touchBatch(connection: Connection, last: string | null): Promise<string | null> {
  await connection.query('begin');
  const { rows } = await connection.query<{ last: string | null }>(`
    with chosen as (
      select id from public.large_record
      where needs_backfill ${last === null ? '' : `and id > ${last}`}
      order by id
      limit ${BATCH_ROWS}
      for no key update
    ),
    touched as (
      update public.large_record r set needs_backfill = r.needs_backfill from chosen where r.id = chosen.id returning r.id
    )
    select max(id)::text as last from touched`);
  await connection.query('commit');
  return rows[0]!.last;
}
