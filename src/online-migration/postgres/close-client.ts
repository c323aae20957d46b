import type { Client } from 'pg';

/** Longest wait for an orderly end, in milliseconds. On a silent network it would last until the system's timeout. */
const END_MS = 1_000;

/** Closes a connection. It never throws: the server rolls back uncommitted work in any case. */
export async function closeClient(client: Client): Promise<void> {
  const limit = setTimeout(() => client.connection.stream.destroy(), END_MS);
  await client.end().catch(() => undefined);
  clearTimeout(limit);
}
