import { describe } from '@jest/globals';
import { adminClient } from './test-server.ts';

/** The major version of the test server, for features that older versions lack. */
export const SERVER_MAJOR: number = await readMajor();

/** A block of tests for features since a major version. On older versions they are skipped with a message. */
export function describeFrom(major: number, what: string, tests: () => void): void {
  const title = SERVER_MAJOR >= major ? what : `${what} (SKIPPED: needs PostgreSQL ${major})`;
  if (SERVER_MAJOR < major) console.warn(title);
  (SERVER_MAJOR >= major ? describe : describe.skip)(title, tests);
}

async function readMajor(): Promise<number> {
  await using admin = await adminClient();
  const { rows } = await admin.query<{ major: number }>(
    `select current_setting('server_version_num')::int / 10000 as major`,
  );
  return rows[0]!.major;
}
