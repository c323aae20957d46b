import { asRole, grantsTo, readStateOwner } from './owner.ts';
import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { deleteLockHolds } from './lock-holds.ts';
import { namesOf } from '../change/names.ts';

/**
 * Creates the package's schema and tables if they are missing, and lets the owner of the changed table use them.
 * @param database has a transaction open
 */
export async function createState(database: Queryable, change: ChangedColumn): Promise<void> {
  const owner = await readStateOwner(database, change);
  if (owner === undefined) return;
  const { tableOwner, schemaOwner, canActForSchemaOwner, tableOwnerHasRights } = owner;
  if (schemaOwner === null)
    await database.query(`create schema online_migration authorization ${tableOwner}`);
  if (schemaOwner !== null && !canActForSchemaOwner) return;
  await asRole(database, schemaOwner ?? tableOwner, async () => {
    await createChangeTable(database);
    await createBackfillTable(database);
    await createRangeTable(database);
    await createRejectTable(database);
    await createKeptValueTable(database);
    await createLockHoldTable(database);
    await grantReading(database);
    if (schemaOwner === null || schemaOwner === tableOwner || tableOwnerHasRights) return;
    for (const grant of grantsTo(tableOwner)) await database.query(grant);
  });
}

/** Deletes the rows that are recorded of a change; there can be as many as the table has. */
export async function deleteRecords(database: Queryable, change: ChangedColumn): Promise<void> {
  const { change: changeName } = namesOf(change);
  await database.query(`delete from online_migration.reject where change = $1`, [changeName]);
  await database.query(`delete from online_migration.kept_value where change = $1`, [changeName]);
  await deleteLockHolds(database, change);
}

/**
 * Forgets a change whose backfill is deleted already, and drops the package's tables behind the last one. The functions of the change, and the schema around
 * them, are still there: `dropEmptySchema` drops it when they are gone.
 */
export async function dropState(database: Queryable, change: ChangedColumn): Promise<void> {
  const { change: changeName, functions } = namesOf(change);
  await database.query(`delete from online_migration.change where name = $1`, [changeName]);
  const { rows } = await database.query<{ in_use: boolean }>(
    `
    select
      exists (select from online_migration.change)
      or exists (select from online_migration.backfill)
      or exists (select from online_migration.kept_value)
      or exists (
        select from pg_catalog.pg_proc
        where pronamespace = 'online_migration'::regnamespace and oid <> all (
          select oid from unnest($1::text[]) as name, to_regproc(name) as oid where oid is not null
        )
      ) as in_use`,
    [functions],
  );
  const owner = await readStateOwner(database, change);
  if (rows[0]?.in_use || owner?.schemaOwner == null || !owner.canActForSchemaOwner) return;
  await asRole(database, owner.schemaOwner, () =>
    database.query(`
      drop table online_migration.change, online_migration.backfill, online_migration.backfill_range,
        online_migration.reject, online_migration.kept_value, online_migration.lock_hold`),
  );
}

/**
 * Drops the package's schema if nothing is left in it. One that the role could not create again stays, since an administrator
 * has made it for the role.
 */
export async function dropEmptySchema(database: Queryable): Promise<void> {
  const { rows } = await database.query<{ may_go: boolean }>(`
    select has_database_privilege(current_database(), 'create') and pg_has_role(n.nspowner, 'usage')
      and not exists (select from pg_catalog.pg_class where relnamespace = n.oid)
      and not exists (select from pg_catalog.pg_proc where pronamespace = n.oid) as may_go
    from pg_catalog.pg_namespace n
    where n.nspname = 'online_migration'`);
  if (rows[0]?.may_go) await database.query(`drop schema online_migration`);
}

/**
 * Each change from expand on, until its expand is reverted: it identifies the change's objects in the catalog without the
 * declaration. `has_kept_values`: contract has kept old values that only the way back needs. `sync_version`: the version of the
 * sync triggers at a time when both columns had the same values.
 */
async function createChangeTable(database: Queryable): Promise<void> {
  await database.query(`
    create table if not exists online_migration.change (
      name text primary key,
      table_schema text not null,
      table_name text not null,
      old_column text not null,
      new_column text not null,
      old_type text not null,
      new_type text not null,
      has_kept_values boolean not null default false,
      sync_version text,
      expanded_at timestamptz not null default now()
    )`);
}

/**
 * The backfill of each change, as anyone may read it: `paused` and the two settings can be changed while it runs, by hand
 * or by `npx online-migration backfill`.
 */
async function createBackfillTable(database: Queryable): Promise<void> {
  await database.query(`
    create table if not exists online_migration.backfill (
      change text primary key,
      direction text not null check (direction in ('forward', 'backward')),
      rows_done bigint not null default 0,
      rows_total bigint not null,
      rows_swept bigint not null default 0,
      rows_per_second double precision not null default 0,
      seconds_left double precision,
      batch_rows integer,
      paused_for text,
      paused boolean not null default false,
      batch_ms integer check (batch_ms between 1 and 10000),
      workers integer check (workers between 1 and 64),
      started_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      finished_at timestamptz
    )`);
}

/** The plan of each backfill and its checkpoint: the next block in each range of heap blocks, and the range's worker. */
async function createRangeTable(database: Queryable): Promise<void> {
  await database.query(`
    create table if not exists online_migration.backfill_range (
      change text not null,
      leaf text not null,
      first_block bigint not null,
      end_block bigint not null,
      stripe integer not null default 0,
      next_block bigint not null,
      rows_per_block double precision not null,
      rows_filled bigint not null default 0,
      claimed_by text,
      primary key (change, leaf, first_block)
    )`);
}

/** Rows whose old value has no faithful new value. */
async function createRejectTable(database: Queryable): Promise<void> {
  await database.query(`
    create table if not exists online_migration.reject (
      change text not null,
      key text not null,
      raw_value text not null,
      reason text not null,
      found_at timestamptz not null default now(),
      primary key (change, key)
    )`);
}

/** Old values that the way back could not rebuild letter by letter from the new ones. */
async function createKeptValueTable(database: Queryable): Promise<void> {
  await database.query(`
    create table if not exists online_migration.kept_value (
      change text not null,
      key text not null,
      raw_value text not null,
      primary key (change, key)
    )`);
}

/** For how long each purpose of each move held its strongest lock, the last time that it ran. */
async function createLockHoldTable(database: Queryable): Promise<void> {
  await database.query(`
    create table if not exists online_migration.lock_hold (
      change text not null,
      purpose text not null,
      mode text not null,
      milliseconds double precision not null,
      released_at timestamptz not null default now(),
      primary key (change, purpose)
    )`);
}

/** The application reads the progress; rejects and kept values are the table's own data and stay closed. */
async function grantReading(database: Queryable): Promise<void> {
  await database.query(`grant usage on schema online_migration to public`);
  await database.query(
    `grant select on online_migration.change, online_migration.backfill, online_migration.backfill_range, online_migration.lock_hold to public`,
  );
}
