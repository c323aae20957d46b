import type { Load } from '../harness/load.ts';
import { startLoadedApi } from '../harness/loaded-api.ts';
import type { Summary } from '../harness/tally.ts';

/** What the API's requests met that were due while something else went on. */
export interface ApiExperience extends Summary {
  /** The first failures, in a line each. */
  readonly failures: readonly string[];
}

/**
 * Does a piece of work while the API serves the database under a load.
 *
 * @param databaseUrl the database, which nobody else uses
 * @param startLoad starts the load on the API's URL
 * @param signal ends it early
 * @throws Error if requests fail before the work begins
 */
export async function underLoad<T>(
  databaseUrl: string,
  startLoad: (apiUrl: string) => Load,
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<{ result: T; api: ApiExperience }> {
  await using api = await startLoadedApi(databaseUrl, startLoad, signal);
  const result = await work();
  const tally = await api.load.stop();
  return { result, api: { ...tally.summary(), failures: tally.failures } };
}
