import { Client, type QueryResultRow } from 'pg';

/** Runs one statement on a separate connection. */
export async function query<Row extends QueryResultRow>(url: string, statement: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

/**
 * Sends a statement and waits until the server executes it.
 *
 * @returns a promise that settles with the statement
 */
export async function startStatement(url: string, statement: string): Promise<{ ended: Promise<void> }> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {}); // The server may be killed meanwhile.
  await client.connect();
  const [backend] = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows;
  const ended = client
    .query(statement)
    .catch(() => {})
    .then(() => client.end());
  const isActive = `select from pg_stat_activity where pid = ${backend?.pid} and state = 'active'`;
  while ((await query(url, isActive)).length === 0);
  return { ended };
}
