import { setTimeout as delay } from 'node:timers/promises';
import { startApi } from '../harness/api-process.ts';
import { ClosedLoad } from '../harness/closed-load.ts';
import { Ledger } from '../harness/ledger.ts';
import type { OwnedDatabase } from './template.ts';

const WARM_UP_MS = 2_000;
const MEASURED_MS = 5_000;

/**
 * Measures how many requests of the mixed load the API serves per second. As many clients as the load has connections
 * send requests without a pause, on the same processors as everything else.
 *
 * @param database a copy of the template for this measurement only
 * @param clients number of concurrent clients
 * @param seed of the load's random choices
 * @throws Error if a request fails
 */
export async function measureCapacity(
  database: OwnedDatabase,
  clients: number,
  seed: number,
  signal: AbortSignal,
): Promise<number> {
  await using api = await startApi(database.url, signal);
  const shape = { clients, longestPauseMs: 0 };
  await using load = new ClosedLoad([api.url], new Ledger(database.rows), seed, shape);
  await delay(WARM_UP_MS, undefined, { signal });
  // Requests of the new tally begin at once, not when the last one of the old tally has ended.
  const began = performance.now();
  const warmUp = await load.nextTally();
  await delay(MEASURED_MS, undefined, { signal });
  const measured = await load.stop();
  const seconds = (performance.now() - began) / 1000;
  const failures = [...warmUp.failures, ...measured.failures];
  if (failures.length > 0) {
    throw new Error(`The API fails before the measurement:\n${[...failures, api.log].join('\n')}`);
  }
  return measured.summary().requests / seconds;
}
