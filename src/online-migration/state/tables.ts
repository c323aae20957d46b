import { asRole, grantsTo, readStateOwner, SHARED_TABLES } from './owner.ts';
import { changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { deleteLockHolds } from './lock-holds.ts';
import { changeNamesOf, namesOf, recordsOf } from '../change/names.ts';
import { readStep } from './schema-step.ts';
import { NEWEST_STEP, STEPS } from './steps.ts';

/**
 * Creates the package's schema and tables if they are missing, upgrades older ones to this version, and lets the
 * owner of the changed table use them.
 * @param database has a transaction open
 */
export async function createState(database: Queryable, change: Pick<ColumnChange, 'table'>): Promise<void> {
  const owner = await readStateOwner(database, change);
  if (owner === undefined) return;
  const { tableOwner, schemaOwner, canActForSchemaOwner, tableOwnerHasRights, tables } = owner;
  if (schemaOwner === null)
    await database.query(`create schema online_migration authorization ${tableOwner}`);
  if (schemaOwner !== null && !canActForSchemaOwner) return;
  await asRole(database, schemaOwner ?? tableOwner, async () => {
    await applySteps(database, tables < SHARED_TABLES.length ? 0 : await readStep(database));
    if (schemaOwner === null || schemaOwner === tableOwner || tableOwnerHasRights) return;
    for (const grant of grantsTo(tableOwner)) await database.query(grant);
  });
}

/**
 * Runs and records the steps after a given one.
 * @param from the current step of the tables
 */
async function applySteps(database: Queryable, from: number): Promise<void> {
  if (from >= NEWEST_STEP) return;
  await database.query(`
    create table if not exists online_migration.step (
      number integer primary key,
      applied_at timestamptz not null default now()
    );
    grant select on online_migration.step to public`);
  for (const [index, statements] of STEPS.entries()) {
    if (index < from) continue;
    await database.query(statements);
    await database.query(
      `insert into online_migration.step (number) values ($1) on conflict (number) do nothing`,
      [index + 1],
    );
  }
  for (const role of await readWriters(database)) {
    for (const grant of grantsTo(role)) await database.query(grant);
  }
}

/** The roles, quoted, that have rights on the tables. They need the same rights on tables that a step has added. */
async function readWriters(database: Queryable): Promise<string[]> {
  const { rows } = await database.query<{ role: string }>(`
    select quote_ident(pg_get_userbyid(right_to.grantee)) as role
    from pg_catalog.pg_class c, aclexplode(c.relacl) as right_to
    where c.oid = 'online_migration.change'::regclass and right_to.privilege_type = 'INSERT'
      and right_to.grantee not in (0, c.relowner)`);
  return rows.map(({ role }) => role);
}

/** Deletes all records of a change; there can be as many as the table has rows. */
export async function deleteRecords(database: Queryable, change: ColumnChange): Promise<void> {
  const records = recordsOf(change);
  await database.query(`delete from online_migration.reject where change = any ($1)`, [records]);
  await database.query(`delete from online_migration.kept_value where change = any ($1)`, [records]);
  await deleteLockHolds(database, change);
}

/**
 * Deletes the record of a change whose backfill is already deleted, and drops the package's tables after the last
 * change. The functions of the change and the schema still exist. `dropEmptySchema` drops the schema later.
 */
export async function dropState(database: Queryable, change: ColumnChange): Promise<void> {
  const { change: changeName } = changeNamesOf(change);
  const functions = changedColumnsOf(change).flatMap((column) => namesOf(column).functions);
  await database.query(`delete from online_migration.change where name = $1`, [changeName]);
  await dropUnusedTables(database, change, functions);
}

/**
 * Drops the package's tables if no change and no backfill uses them.
 * @param table the table whose change or fill has ended
 * @param functions of the change; they may still exist
 */
export async function dropUnusedTables(
  database: Queryable,
  table: Pick<ColumnChange, 'table'>,
  functions: readonly string[] = [],
): Promise<void> {
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
  const owner = await readStateOwner(database, table);
  if (rows[0]?.in_use || owner?.schemaOwner == null || !owner.canActForSchemaOwner) return;
  await asRole(database, owner.schemaOwner, () =>
    database.query(`
      drop table online_migration.step, online_migration.change, online_migration.change_column, online_migration.definition,
        online_migration.unvalidated, online_migration.phase, online_migration.backfill, online_migration.backfill_range, online_migration.reject, online_migration.kept_value,
        online_migration.lock_hold`),
  );
}

/**
 * Drops the package's schema if it is empty. It keeps a schema that the role could not create again, because an
 * administrator made it for the role.
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
