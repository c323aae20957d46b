import { setTimeout as delay } from 'node:timers/promises';
import { type ApiProcess, startApi } from './api-process.ts';
import type { Load } from './load.ts';

/**
 * How long the load runs before the measurement: the first requests of a process are slow, and later ones queue behind
 * them.
 */
const WARM_UP_MS = 5_000;

/** The API in a separate process, with a warm load. */
export interface LoadedApi extends AsyncDisposable {
  readonly load: Load;
  /** The newest lines of the API's log. */
  readonly log: string;
}

/**
 * Serves a database with the API, puts it under load, and waits until it is warm.
 *
 * @param databaseUrl the database
 * @param startLoad starts the load on the API's URL
 * @param signal stops it early
 * @param settings environment variables of the API, in addition to the database
 * @throws Error if requests fail before any change
 */
export async function startLoadedApi(
  databaseUrl: string,
  startLoad: (apiUrl: string) => Load,
  signal: AbortSignal,
  settings: Readonly<Record<string, string>> = {},
): Promise<LoadedApi> {
  await using resources = new AsyncDisposableStack();
  const api: ApiProcess = resources.use(await startApi(databaseUrl, signal, settings));
  const load = resources.use(startLoad(api.url));
  await delay(WARM_UP_MS, undefined, { signal });
  const { failures } = await load.nextTally();
  if (failures.length > 0) {
    throw new Error(`The API fails before the first change:\n${[...failures, api.log].join('\n')}`);
  }
  const owned = resources.move();
  return {
    load,
    get log() {
      return api.log;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
