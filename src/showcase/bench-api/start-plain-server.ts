import { join } from 'node:path';
import { PROJECT_FOLDER } from '../../database/project-folder.ts';
import { type ApiProcess, startServing } from '../harness/api-process.ts';

const PLAIN_SERVER = join(PROJECT_FOLDER, 'src/showcase/bench-api/plain-server.ts');

/**
 * Starts the application with plain MikroORM on a free port of the loopback interface.
 *
 * @param databaseUrl the database that it serves
 * @param column contains the timestamps
 * @param kind type of the column
 * @param signal kills it
 * @param settings environment variables in addition to the database
 */
export function startPlainServer(
  databaseUrl: string,
  column: string,
  kind: 'text' | 'timestamp',
  signal: AbortSignal,
  settings: Readonly<Record<string, string>> = {},
): Promise<ApiProcess> {
  return startServing(PLAIN_SERVER, [column, kind], { ...settings, DATABASE_URL: databaseUrl }, signal);
}
