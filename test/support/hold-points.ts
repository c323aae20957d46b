import { setTimeout as delay } from 'node:timers/promises';
import { escapeIdentifier } from 'pg';
import type { DatabaseClient } from './database-client.ts';

/**
 * A point at which a phase can be held:
 * - `ddl`: in a transaction under an exclusive lock, after its first `alter table`;
 * - `batch`: in a batch of a backfill, at its first row;
 * - `ledger`: in the phase's last transaction, when the ledger is written;
 * - `commit`: in the commit of that transaction.
 */
export type HoldPoint = 'ddl' | 'batch' | 'ledger' | 'commit';

/**
 * Prepares a database that is at 0001, or further; nothing stands still yet. Needs a superuser.
 * @param table that is backfilled
 */
export async function installHoldPoints(client: DatabaseClient, table: string): Promise<void> {
  await installDdlHoldPoint(client);
  await client.rows(`
    create function hold() returns trigger language plpgsql as $$
    begin
      call stand_still(tg_argv[0]);
      return case when tg_op = 'DELETE' then old else new end;
    end $$`);
  // A check, because a backfill disables the table's triggers. The application passes it.
  await client.rows(`
    create function hold_batch() returns boolean language plpgsql as $$
    begin
      if current_setting('application_name') !~ '^(online-migration|worker)' then return true; end if;
      call stand_still('batch');
      return true;
    end $$`);
  await client.rows(
    `alter table ${escapeIdentifier(table)} add constraint hold_batch check (hold_batch()) not valid`,
  );
  await client.rows(`
    create trigger hold_ledger before insert or delete on mikro_orm_migrations
    for each row execute function hold('ledger')`);
  await client.rows(`
    create constraint trigger hold_commit after insert or delete on mikro_orm_migrations
    deferrable initially deferred for each row execute function hold('commit')`);
}

/** Prepares any database for the point `ddl` only. */
export async function installDdlHoldPoint(client: DatabaseClient): Promise<void> {
  await client.rows(`create table held (point text not null)`);
  await client.rows(`
    create procedure stand_still(at text) language plpgsql set search_path from current as $$
    begin
      while exists (select from held where point = at) loop perform pg_sleep(0.01); end loop;
    end $$`);
  await client.rows(`
    create function hold_ddl() returns event_trigger language plpgsql set search_path from current as $$
    begin
      -- The package's own tables and its trial tables are made ahead of the lock.
      if exists (
        select from pg_event_trigger_ddl_commands() where schema_name in ('online_migration', 'pg_temp')
      ) then return; end if;
      call stand_still('ddl');
    end $$`);
  await client.rows(`
    create event trigger hold_ddl on ddl_command_end when tag in ('ALTER TABLE') execute function hold_ddl()`);
}

/** Holds the next session that reaches the point, and every later one. */
export async function hold(client: DatabaseClient, point: HoldPoint): Promise<void> {
  await client.rows(`insert into held values ($1)`, [point]);
}

/**
 * Resolves when a session is held.
 * @param run the work that will reach the point
 * @throws Error if the work ends before
 */
export async function held(client: DatabaseClient, run: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  const end = () => ended.abort();
  run.then(end, end);
  while (!ended.signal.aborted) {
    const standsStill = await client.value<boolean>(`
      select exists (
        select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'
      )`);
    if (standsStill) return;
  }
  throw new Error('The phase ended without reaching the hold point.');
}

/** Releases all held sessions. */
export async function letGo(client: DatabaseClient): Promise<void> {
  await client.rows(`delete from held`);
}

/** Waits until a session stands still at a point. */
export async function standingStill(client: DatabaseClient, application: string): Promise<void> {
  while (
    (await client.value(
      `select count(*)::int from pg_stat_activity where application_name = $1 and wait_event = 'PgSleep'`,
      [application],
    )) === 0
  ) {
    await delay(10);
  }
}
