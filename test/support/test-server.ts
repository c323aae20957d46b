import { randomBytes } from 'node:crypto';
import { Client, escapeIdentifier } from 'pg';

/** A temporary database on the test server. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
}

/**
 * Creates an empty database, or a copy of another one. Disposing of it drops it despite open connections.
 *
 * @param template the database to copy; it must have no connections
 * @param options.isLarge whether its files are copied without the write-ahead log, as before PostgreSQL 15
 */
export async function createTestDatabase(
  template?: string,
  { isLarge = false }: { readonly isLarge?: boolean } = {},
): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await using admin = await adminClient();
  const copyOf = template === undefined ? '' : ` template ${escapeIdentifier(template)}`;
  const { rows } = await admin.query<{ chooses: boolean }>(
    `select current_setting('server_version_num')::int >= 150000 as chooses`,
  );
  const strategy = isLarge && rows[0]!.chooses ? ' strategy file_copy' : '';
  await admin.query(`create database ${escapeIdentifier(name)}${copyOf}${strategy}`);
  return {
    name,
    url: urlOf(name),
    [Symbol.asyncDispose]: () => dropDatabase(name),
  };
}

/** Connects to the maintenance database of the test server. Disposing of it closes the connection. */
export async function adminClient(): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: serverUrl().href });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

async function dropDatabase(name: string): Promise<void> {
  await using admin = await adminClient();
  await admin.query(`drop database if exists ${escapeIdentifier(name)} with (force)`);
}

function urlOf(databaseName: string): string {
  const url = serverUrl();
  url.pathname = `/${databaseName}`;
  return url.href;
}

function serverUrl(): URL {
  const url = process.env['TEST_SERVER_URL'];
  if (!url) throw new Error('TEST_SERVER_URL is not set: run the tests with npm test.');
  return new URL(url);
}
