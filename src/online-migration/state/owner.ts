import { type Obstacle, obstacle } from '../change/obstacle.ts';
import { changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { namesOf, PACKAGE_SCHEMA, quotedTable } from '../change/names.ts';
import { newerStepObstacles, readStep } from './schema-step.ts';
import { NEWEST_STEP } from './steps.ts';

/*
 * The owners of the package's objects, and the roles that may use them:
 *
 * - The schema `online_migration` and its tables belong to the owner of the first table that is changed. The
 *   functions of a change belong to the owner of its table. So every login that is a member of that role can continue
 *   a change.
 * - An owner of another table needs rights on the schema. Expand grants them, if its login may act for the schema's
 *   owner. An owner with these rights can read the kept values and the rejects of all changes.
 * - Everyone may read the progress of a change, which contains no values of the tables.
 */

/** The shared tables that a change writes. */
export const SHARED_TABLES = [
  'change',
  'change_column',
  'definition',
  'unvalidated',
  'phase',
  'backfill',
  'backfill_range',
  'reject',
  'kept_value',
  'lock_hold',
];

/** The owners of the changed table and of the package's schema, and the rights of the session's role. */
export interface StateOwner {
  /** The owner of the changed table, quoted. */
  readonly tableOwner: string;
  /** Whether the session may create objects for that role. */
  readonly canActForTableOwner: boolean;
  /** The owner of the package's schema, quoted; null if the schema does not exist. */
  readonly schemaOwner: string | null;
  readonly canActForSchemaOwner: boolean;
  /** Whether the session may create a schema in this database. */
  readonly canCreateSchema: boolean;
  /** Whether the table's owner may already use the schema and all its tables. */
  readonly tableOwnerHasRights: boolean;
  /** How many of the package's tables exist. */
  readonly tables: number;
  /** The session's role, quoted. */
  readonly role: string;
  readonly database: string;
}

/** Reads the owners; undefined if the table does not exist. */
export async function readStateOwner(
  database: Queryable,
  { table }: Pick<ColumnChange, 'table'>,
): Promise<StateOwner | undefined> {
  const { rows } = await database.query<StateOwner>(
    `
    with facts as (
      select c.relowner as table_owner, n.oid as schema, n.nspowner as schema_owner,
        case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end as acting
      from pg_catalog.pg_class c
      left join pg_catalog.pg_namespace n on n.nspname = $2
      where c.oid = to_regclass($1)
    )
    select quote_ident(pg_get_userbyid(table_owner)) as "tableOwner",
      pg_has_role(current_user, table_owner, acting) as "canActForTableOwner",
      quote_ident(pg_get_userbyid(schema_owner)) as "schemaOwner",
      coalesce(pg_has_role(current_user, schema_owner, acting), false) as "canActForSchemaOwner",
      has_database_privilege(current_database(), 'create') as "canCreateSchema",
      coalesce(
        has_schema_privilege(table_owner, schema, 'create') and has_schema_privilege(table_owner, schema, 'usage')
        and (
          select count(*) = $4 and bool_and(
            has_table_privilege(table_owner, t.oid, 'select') and has_table_privilege(table_owner, t.oid, 'insert')
            and has_table_privilege(table_owner, t.oid, 'update') and has_table_privilege(table_owner, t.oid, 'delete')
          )
          from pg_catalog.pg_class t where t.relnamespace = schema and t.relname = any ($3)
        ),
        false
      ) as "tableOwnerHasRights",
      (
        select count(*)::int from pg_catalog.pg_class t where t.relnamespace = schema and t.relname = any ($3)
      ) as tables,
      quote_ident(current_user) as role, quote_ident(current_database()) as database
    from facts`,
    [quotedTable(table), PACKAGE_SCHEMA, SHARED_TABLES, SHARED_TABLES.length],
  );
  return rows[0];
}

/**
 * Finds the reasons why the package cannot keep its state, before anything is changed.
 * @returns an obstacle for each reason, with the statement that an administrator has to run
 */
export async function stateObstacles(database: Queryable, change: ColumnChange): Promise<Obstacle[]> {
  const owner = await readStateOwner(database, change);
  if (owner === undefined) return [];
  const newer = await newerStepObstacles(database);
  if (newer.length > 0) return newer;
  const { tableOwner, schemaOwner, role } = owner;
  if (!owner.canActForTableOwner) {
    return [
      obstacle(
        'OWNER_NOT_GRANTED',
        `The table belongs to ${tableOwner}, and ${role} may not act for that role: run the migrations as ${tableOwner} or as a ` +
          `member, \`grant ${tableOwner} to ${role}\`.`,
        { owner: tableOwner, role },
      ),
    ];
  }
  if (schemaOwner === null) {
    if (owner.canCreateSchema) return [];
    return [
      obstacle(
        'STATE_SCHEMA_NOT_ALLOWED',
        `${role} may not create the schema ${PACKAGE_SCHEMA}, in which the package keeps its state: run ` +
          `\`create schema ${PACKAGE_SCHEMA} authorization ${tableOwner}\` once as an administrator, or ` +
          `\`grant create on database ${owner.database} to ${role}\`.`,
        { schema: PACKAGE_SCHEMA, role },
      ),
    ];
  }
  const isUpToDate = owner.tables === SHARED_TABLES.length && (await readStep(database)) === NEWEST_STEP;
  if (owner.canActForSchemaOwner || (owner.tableOwnerHasRights && isUpToDate))
    return functionObstacles(database, change, owner);
  if (owner.tables === 0) {
    return [
      obstacle(
        'STATE_SCHEMA_NOT_OWNED',
        `The schema ${PACKAGE_SCHEMA} belongs to ${schemaOwner}, and the package's tables are not in it yet: run ` +
          `\`alter schema ${PACKAGE_SCHEMA} owner to ${tableOwner}\` as an administrator, or expand a change of a table of ` +
          `${schemaOwner} first.`,
        { schema: PACKAGE_SCHEMA, schemaOwner, owner: tableOwner },
      ),
    ];
  }
  if (!isUpToDate) {
    return [
      obstacle(
        'STATE_SCHEMA_OUTDATED',
        `The schema ${PACKAGE_SCHEMA} belongs to ${schemaOwner}, and an earlier version of the package made its tables: run the ` +
          `command once as ${schemaOwner} or as an administrator.`,
        { schema: PACKAGE_SCHEMA, schemaOwner },
      ),
    ];
  }
  return [
    obstacle(
      'STATE_SCHEMA_NOT_GRANTED',
      `The schema ${PACKAGE_SCHEMA} belongs to ${schemaOwner}, and ${tableOwner} has no rights on it: run ` +
        `\`${grantsTo(tableOwner).join('; ')}\` as ${schemaOwner} or as an administrator. ${tableOwner} can then read the kept ` +
        `values of all changes.`,
      { schema: PACKAGE_SCHEMA, schemaOwner, owner: tableOwner, statements: grantsTo(tableOwner) },
    ),
  ];
}

/** The functions of a change belong to the table's owner at the time of expand, and each phase replaces them. */
async function functionObstacles(
  database: Queryable,
  change: ColumnChange,
  { tableOwner, role }: StateOwner,
): Promise<Obstacle[]> {
  const { rows } = await database.query<{ statements: string; owner: string }>(
    `
    select string_agg(format('alter function %s owner to %s', p.oid::regprocedure, $3::text), '; ' order by p.proname) as statements,
      quote_ident(pg_get_userbyid(p.proowner)) as owner
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname = $1 and format('%s.%s', '"' || n.nspname || '"', '"' || replace(p.proname, '"', '""') || '"') = any ($2)
      and not pg_has_role(current_user, p.proowner, 'usage')
    group by p.proowner`,
    [PACKAGE_SCHEMA, changedColumnsOf(change).flatMap((column) => namesOf(column).functions), tableOwner],
  );
  return rows.map(({ statements, owner }) =>
    obstacle(
      'FUNCTIONS_NOT_OWNED',
      `The functions of the change belong to ${owner}, and ${role} may not replace them: run \`${statements}\` as an administrator.`,
      { owner, role, statements },
    ),
  );
}

/** Statements that let a role use the package's state; the owner of the schema must run them. */
export function grantsTo(role: string): string[] {
  return [
    `grant usage, create on schema ${PACKAGE_SCHEMA} to ${role}`,
    `grant select, insert, update, delete on all tables in schema ${PACKAGE_SCHEMA} to ${role}`,
  ];
}

/**
 * Runs statements as another role in the open transaction, so that the role owns the created objects.
 * @param role quoted
 * @param body the statements
 */
export async function asRole<T>(database: Queryable, role: string, body: () => Promise<T>): Promise<T> {
  const { rows } = await database.query<{ role: string }>(`select quote_ident(current_user) as role`);
  if (rows[0]?.role === role) return body();
  await database.query(`set local role ${role}`);
  const result = await body();
  // If the body fails, the rollback of the transaction also resets the role.
  await database.query(`set local role ${rows[0]!.role}`);
  return result;
}

/**
 * Runs statements as the owner of the changed table, in the open transaction.
 * @param body the statements
 */
export async function asTableOwner<T>(
  database: Queryable,
  change: ColumnChange,
  body: () => Promise<T>,
): Promise<T> {
  const owner = await readStateOwner(database, change);
  return owner === undefined ? body() : asRole(database, owner.tableOwner, body);
}
