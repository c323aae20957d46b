import { randomBytes } from 'node:crypto';
import { escapeIdentifier } from 'pg';
import { adminClient } from './test-server.ts';

/** A role of a test's own that may do nothing but connect. */
export interface LoginRole extends AsyncDisposable {
  readonly name: string;
  /** @returns the URL with this role in the place of its user */
  urlOf(url: string): string;
}

/** Creates a role. Dispose of it when the databases are gone in which it owns or may do something. */
export async function createLoginRole(): Promise<LoginRole> {
  const name = `role_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  await run(`create role ${escapeIdentifier(name)} login password '${password}'`);
  return {
    name,
    urlOf(url) {
      const ofRole = new URL(url);
      ofRole.username = name;
      ofRole.password = password;
      return ofRole.href;
    },
    [Symbol.asyncDispose]: () => run(`drop role ${escapeIdentifier(name)}`),
  };
}

async function run(statement: string): Promise<void> {
  await using admin = await adminClient();
  await admin.query(statement);
}
