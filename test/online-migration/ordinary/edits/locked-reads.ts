import type { DatabaseClient } from '../../../support/database-client.ts';

/** A statement that read a table, or wrote its file anew, while it held a lock against writes. */
export interface LockedRead {
  readonly statement: string;
  readonly table: string;
  /** Rows that were read; null if the file of the table was written anew. */
  readonly rows: number | null;
}

/**
 * Watches the tables that have rows. Event triggers compare the counters of the transaction before and after each statement that alters the
 * schema: they run in its transaction, so that they see its locks.
 */
export async function watchLocks(client: DatabaseClient): Promise<void> {
  await client.rows(`
    create schema watched;
    create table watched.tables as
    select c.oid, c.oid::regclass::text as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema|watched)' and pg_relation_size(c.oid) > 0;
    create table watched.found (statement text, "table" text, rows bigint);

    create function watched.counters() returns jsonb language sql as $$
      select coalesce(jsonb_object_agg(relid, coalesce(seq_tup_read, 0)), '{}') from pg_stat_xact_user_tables
      where relid in (select oid from watched.tables)
    $$;
    create function watched.before() returns event_trigger language plpgsql as $$
    begin
      perform set_config('watched.counters', watched.counters()::text, false);
    end $$;
    create function watched.after() returns event_trigger language plpgsql as $$
    begin
      insert into watched.found
      select current_query(), name, read
      from watched.tables
      cross join lateral (select (watched.counters() ->> oid::text)::bigint
        - coalesce((current_setting('watched.counters')::jsonb ->> oid::text)::bigint, 0) as read) as counted
      where read > 0 and exists (
        select from pg_locks
        where pid = pg_backend_pid() and relation = oid and granted
          and mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      );
    end $$;
    create function watched.rewritten() returns event_trigger language plpgsql as $$
    begin
      insert into watched.found
      select current_query(), name, null from watched.tables where oid = pg_event_trigger_table_rewrite_oid();
    end $$;
    create event trigger watched_before on ddl_command_start execute function watched.before();
    create event trigger watched_after on ddl_command_end execute function watched.after();
    create event trigger watched_rewritten on table_rewrite execute function watched.rewritten();
  `);
}

/** Ends the watch. */
export async function endWatch(client: DatabaseClient): Promise<LockedRead[]> {
  await client.rows(`
    drop event trigger if exists watched_before;
    drop event trigger if exists watched_after;
    drop event trigger if exists watched_rewritten`);
  const found = await client.rows<LockedRead & Record<string, unknown>>(
    `select statement, "table", rows::integer from watched.found order by 1, 2`,
  );
  await client.rows(`drop schema watched cascade`);
  return found;
}
