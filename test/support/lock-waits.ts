import { adminClient } from './test-server.ts';

/**
 * Resolves when a session waits for a lock.
 *
 * @param databaseUrl of the waiting session's database
 * @param statement a part of its statement
 * @returns the session's process id
 * @throws Error if the database is dropped meanwhile, as after a test that has timed out
 */
export async function lockWaiter(databaseUrl: string, statement = ''): Promise<number> {
  await using admin = await adminClient();
  const database = new URL(databaseUrl).pathname.slice(1);
  for (;;) {
    const { rows } = await admin.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = $1 and wait_event_type = 'Lock' and strpos(query, $2) > 0`,
      [database, statement],
    );
    if (rows[0]) return rows[0].pid;
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [database]);
    if (rowCount === 0)
      throw new Error(`The database ${database} is gone, and nobody waited for a lock in it.`);
  }
}

/** Ends a session of the test server, as an administrator or a failover does. */
export async function terminateSession(pid: number): Promise<void> {
  await using admin = await adminClient();
  await admin.query('select pg_terminate_backend($1)', [pid]);
}
