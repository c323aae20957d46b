import { randomBytes } from 'node:crypto';
import { connect } from './database-client.ts';

/** A role of a test. Dispose of it before its database. */
export interface TestRole extends AsyncDisposable {
  /** Needs no quotes. */
  readonly name: string;
  /** The URL of the test's database for this role. */
  readonly url: string;
}

/**
 * Creates a role that may only log in.
 * @param databaseUrl the test's database, as a superuser
 * @param options further options of `create role`
 */
export async function createRole(databaseUrl: string, options = ''): Promise<TestRole> {
  const name = `role_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  const run = async (statement: string) => {
    await using admin = await connect(databaseUrl);
    await admin.rows(statement);
  };
  await run(`create role ${name} login password '${password}' ${options}`);
  const url = new URL(databaseUrl);
  url.username = name;
  url.password = password;
  return {
    name,
    url: url.href,
    [Symbol.asyncDispose]: () => run(`drop owned by ${name} cascade; drop role ${name}`),
  };
}

/**
 * Creates a role that owns one table but is neither a superuser nor a member of `pg_monitor`. It has the privileges
 * that an administrator would grant to a role that changes a column.
 * @param databaseUrl the test's database, as a superuser
 * @param table as in SQL
 */
export async function createTableOwner(databaseUrl: string, table: string): Promise<TestRole> {
  const role = await createRole(databaseUrl);
  await using admin = await connect(databaseUrl);
  await admin.rows(`
    alter table ${table} owner to ${role.name};
    create schema online_migration authorization ${role.name};
    grant create on schema public to ${role.name}`);
  return role;
}
