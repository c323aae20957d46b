import { randomBytes } from 'node:crypto';
import { escapeIdentifier } from 'pg';
import { connect } from './database-client.ts';
import { adminClient } from './test-server.ts';

/** A role of a test's own. Roles are the server's, so it is dropped with what it owns when it is disposed of. */
export interface TestRole extends AsyncDisposable {
  readonly name: string;
  /** Connects to the test's database as this role. */
  readonly url: string;
}

/**
 * Creates a role that may log in and has no right at all.
 * @param databaseUrl the test's database, as an administrator
 * @param options further options of `create role`
 */
export async function createRole(databaseUrl: string, options = ''): Promise<TestRole> {
  const name = `role_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(8).toString('hex');
  await using admin = await adminClient();
  await admin.query(`create role ${escapeIdentifier(name)} login password '${password}' ${options}`);
  const url = new URL(databaseUrl);
  url.username = name;
  url.password = password;
  return {
    name,
    url: url.href,
    [Symbol.asyncDispose]: async () => {
      await using client = await connect(databaseUrl);
      await client.rows(`drop owned by ${escapeIdentifier(name)} cascade`);
      await using again = await adminClient();
      await again.query(`drop role ${escapeIdentifier(name)}`);
    },
  };
}
