import { setTimeout as delay } from 'node:timers/promises';
import { Ledger } from '../harness/ledger.ts';
import type { LoadStarter } from './measured-run.ts';
import type { OwnedDatabase } from './template.ts';
import { type ApiExperience, underLoad } from './under-load.ts';

/** Duration: about that of the faster methods. */
const MS_PER_MILLION_ROWS = 3_000;
const SHORTEST_MS = 20_000;

/** Duration of the load alone beside a number of rows. */
export function idleMilliseconds(rows: number): number {
  return Math.max(SHORTEST_MS, (rows / 1_000_000) * MS_PER_MILLION_ROWS);
}

/**
 * Measures the API's requests without any migration.
 *
 * @param database a copy of the template for this measurement only
 */
export async function measureIdle(
  database: OwnedDatabase,
  startLoad: LoadStarter,
  signal: AbortSignal,
): Promise<ApiExperience> {
  const ledger = new Ledger(database.rows);
  const { api } = await underLoad(
    database.url,
    (apiUrl) => startLoad(apiUrl, ledger),
    () => delay(idleMilliseconds(database.rows), undefined, { signal }),
    signal,
  );
  return api;
}
