import { namesOf } from '../names.ts';
import { type MoveContext, MoveRefusedError } from './move.ts';

/** TID range scans came with it, and function bodies that no search_path reaches into. */
const OLDEST_VERSION = 140_000;

/**
 * Refuses a server that the moves cannot work on.
 * @throws MoveRefusedError on a server older than PostgreSQL 14
 */
export async function requireServerVersion({ session, change }: MoveContext): Promise<void> {
  const { rows } = await session.query<{ version: number; name: string }>(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as name`,
  );
  const server = rows[0];
  if (server !== undefined && server.version >= OLDEST_VERSION) return;
  throw new MoveRefusedError(
    `Cannot change ${namesOf(change).change} on PostgreSQL ${server?.name}: each batch of the backfill would read the ` +
      `whole table. Upgrade the server to PostgreSQL 14 or newer.`,
  );
}
