import { join } from 'node:path';
import { PROJECT_FOLDER } from '../../database/embedded-postgres.ts';
import { type ApiProcess, startServing } from '../harness/api-process.ts';

const BARE_SERVER = join(PROJECT_FOLDER, 'src/showcase/bench-api/bare-server.ts');

/**
 * Starts the bare handler on a free port of the loopback interface.
 *
 * @param databaseUrl the database that it serves
 * @param column contains the timestamps
 * @param kind type of the column
 * @param signal kills it
 */
export function startBareServer(
  databaseUrl: string,
  column: string,
  kind: 'text' | 'timestamp',
  signal: AbortSignal,
): Promise<ApiProcess> {
  return startServing(BARE_SERVER, [column, kind], { DATABASE_URL: databaseUrl }, signal);
}
