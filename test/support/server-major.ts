import { adminClient } from './test-server.ts';

/** The major version of the test server, for what older ones cannot do. */
export const SERVER_MAJOR: number = await readMajor();

async function readMajor(): Promise<number> {
  await using admin = await adminClient();
  const { rows } = await admin.query<{ major: number }>(
    `select current_setting('server_version_num')::int / 10000 as major`,
  );
  return rows[0]!.major;
}
