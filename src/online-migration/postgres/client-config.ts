import type { ClientConfig } from 'pg';

/** The configuration of `pg` for a URL, or the given one. */
export function clientConfigOf(connection: string | ClientConfig): ClientConfig {
  return typeof connection === 'string' ? { connectionString: connection } : connection;
}
