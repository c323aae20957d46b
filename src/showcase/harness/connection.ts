import { Client } from 'pg';

/** A connection. Disposing of it closes it. */
export type Connection = Client & AsyncDisposable;

/** Connects to the database at a URL. */
export async function connect(url: string): Promise<Connection> {
  const client = new Client({ connectionString: url, application_name: 'harness' });
  // A lost connection also fails the running statement. Without a listener, it would end the process.
  client.on('error', () => {});
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}
