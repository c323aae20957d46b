import { join } from 'node:path';
import { PROJECT_FOLDER } from '../../database/project-folder.ts';
import { OwnedProcess } from './owned-process.ts';

const MAIN = join(PROJECT_FOLDER, 'src/main.ts');
const LISTENING = /"Listening on ([^"\s]+)"/;

/** The API in a separate process. */
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
 * @param settings environment variables in addition to the database; all others have their defaults
 * @throws Error with the end of its log if it ends before it listens
 */
export function startApi(
  databaseUrl: string,
  signal: AbortSignal,
  settings: Readonly<Record<string, string>> = {},
): Promise<ApiProcess> {
  const environment = { LOG_LEVEL: 'notice', ...settings, DATABASE_URL: databaseUrl };
  return startServing(MAIN, [], environment, signal);
}

/**
 * Starts a script that listens on a free port of the loopback interface and logs its URL.
 *
 * @param environment its environment variables
 * @param signal kills it
 * @throws Error with the end of its log if it ends before it listens
 */
export async function startServing(
  script: string,
  programArguments: readonly string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ApiProcess> {
  const listening = Promise.withResolvers<string>();
  const local = { ...environment, HOST: '127.0.0.1', PORT: '0' };
  const process = new OwnedProcess(script, programArguments, local, signal, {
    onLine: (line) => {
      const url = LISTENING.exec(line)?.[1];
      if (url) listening.resolve(url);
    },
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
