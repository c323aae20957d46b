import { changeNamesOf } from '../change/names.ts';
import type { PhaseContext } from './phase.ts';
import { PhaseRefusedError } from './phase-refused-error.ts';

/** PostgreSQL 14 added TID range scans and function bodies that do not depend on the search_path. */
const OLDEST_VERSION = 14;
/** `server_version_num` of a major version. */
const NUMBERS_PER_MAJOR = 10_000;

/**
 * Refuses an unsupported server.
 * @throws PhaseRefusedError on a server older than PostgreSQL 14, or older than the change's conversion needs
 */
export async function requireServerVersion(context: PhaseContext): Promise<void> {
  const { session, change, columns } = context;
  const { rows } = await session.query<{ version: number; name: string }>(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as name`,
  );
  const major = Math.floor((rows[0]?.version ?? 0) / NUMBERS_PER_MAJOR);
  const versions = columns.map(({ conversion }) => conversion?.serverVersion ?? OLDEST_VERSION);
  const needed = Math.max(OLDEST_VERSION, ...versions);
  if (major >= needed) return;
  const reason =
    major < OLDEST_VERSION
      ? 'each batch of the backfill would read the whole table'
      : `its conversion to ${columns[versions.indexOf(needed)]!.newColumn.type} needs a newer version`;
  throw new PhaseRefusedError(
    'SERVER_TOO_OLD',
    `Cannot change ${changeNamesOf(change).change} on PostgreSQL ${rows[0]?.name}: ${reason}. ` +
      `Upgrade the server to PostgreSQL ${needed} or newer.`,
    { change: changeNamesOf(change).change, version: rows[0]?.name, needed: String(needed) },
  );
}
