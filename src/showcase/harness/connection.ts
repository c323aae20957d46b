import { Client } from 'pg';

/** A connection that ends with its owner. */
export type Connection = Client & AsyncDisposable;

/** Connects to the database at a URL. */
export async function connect(url: string): Promise<Connection> {
  const client = new Client({ connectionString: url, application_name: 'harness' });
  // A connection that the server cuts fails the statement in flight; without a listener it would end the process.
  client.on('error', () => {});
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}
