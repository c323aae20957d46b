import type { Load } from '../harness/load.ts';
import { startLoadedApi } from '../harness/loaded-api.ts';
import type { Summary } from '../harness/tally.ts';

/** Summary of the API's requests that were due during a task. */
export interface ApiExperience extends Summary {
  /** The first failures, one line each. */
  readonly failures: readonly string[];
}

/**
 * Runs a task while the API serves the database under a load.
 *
 * @param databaseUrl a database for this task only
 * @param startLoad starts the load on the API's URL
 * @param signal stops it early
 * @throws Error if requests fail before the task starts
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
