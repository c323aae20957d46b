import { join } from 'node:path';
import { PROJECT_FOLDER } from '../../database/embedded-postgres.ts';
import { OwnedProcess } from './owned-process.ts';

const MAIN = join(PROJECT_FOLDER, 'src/main.ts');
const LISTENING = /"Listening on ([^"\s]+)"/;

/** The API, served by a process of its own. */
export interface ApiProcess extends AsyncDisposable {
  readonly url: string;
  /** The newest lines of its log. */
  readonly log: string;
}

/**
 * Starts the API on a free port of the loopback interface.
 *
 * @param databaseUrl the database that it serves
 * @param signal kills it
 * @throws Error with the end of its log where it ends before it listens
 */
export async function startApi(databaseUrl: string, signal: AbortSignal): Promise<ApiProcess> {
  const listening = Promise.withResolvers<string>();
  const environment = { DATABASE_URL: databaseUrl, HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'notice' };
  const process = new OwnedProcess(MAIN, [], environment, signal, (line) => {
    const url = LISTENING.exec(line)?.[1];
    if (url) listening.resolve(url);
  });
  const endedEarly = process.ended.then(() => {
    throw new Error(`The API did not start. The end of its log:\n${process.output}`);
  });
  const url = await Promise.race([listening.promise, endedEarly]);
  return {
    url,
    get log() {
      return process.output;
    },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}
