import { setTimeout as delay } from 'node:timers/promises';
import { startApi } from './api-process.ts';
import type { Load } from './load.ts';
import { type Measurements, measureSteps, type Step, type StepObserver } from './steps.ts';

/** How long the load runs before it is measured: a process's first requests are slow by themselves. */
const WARM_UP_MS = 2_000;
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
  await using api = await startApi(databaseUrl, signal);
  await using load = startLoad(api.url);
  await delay(WARM_UP_MS, undefined, { signal });
  const { failures } = await load.nextTally();
  if (failures.length > 0) {
    throw new Error(`The API fails before anything has changed:\n${[...failures, api.log].join('\n')}`);
  }
  const idle = { name: 'idle', run: () => delay(IDLE_MS, undefined, { signal }) };
  const measurements = await measureSteps(load, [idle, ...steps], signal, observer);
  return { ...measurements, apiLog: api.log };
}
