import { setTimeout as delay } from 'node:timers/promises';
import type { Load } from '../harness/load.ts';
import { startLoadedApi } from '../harness/loaded-api.ts';
import { type Measurements, measureSteps, type Step, type StepObserver } from '../harness/steps.ts';

/** How long the load is measured before the first change: the baseline. */
const IDLE_MS = 3_000;

/** What the steps of a way did to the requests, and what the API logged. */
export type WayResult = Measurements & { readonly apiLog: string };

/**
 * Serves a database through the API in a process of its own, puts it under load, and changes it step by step.
 *
 * @param databaseUrl the database
 * @param startLoad starts the load on the API's URL
 * @param steps the changes; the idle baseline goes before them
 * @param signal ends it early
 * @throws Error where requests fail before the first step
 */
export async function runWay(
  databaseUrl: string,
  startLoad: (apiUrl: string) => Load,
  steps: readonly Step[],
  signal: AbortSignal,
  observer: StepObserver,
): Promise<WayResult> {
  await using api = await startLoadedApi(databaseUrl, startLoad, signal);
  const idle = { name: 'idle', run: () => delay(IDLE_MS, undefined, { signal }) };
  const measurements = await measureSteps(api.load, [idle, ...steps], signal, observer);
  return { ...measurements, apiLog: api.log };
}
