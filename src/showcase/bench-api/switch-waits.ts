import autocannon from 'autocannon';
import { migrateDownTo, migrateUpTo } from '../harness/migration-command.ts';
import { stopLoad } from './throughput.ts';

/** Far from full speed, so that an answer waits for the switch and not for other answers. */
const CONNECTIONS = 4;
/** Longer than any migration command takes; the measurement ends with the command. */
const LONGEST_RUN_SECONDS = 600;
const ROUNDS = 5;
const PATH = '/list_large/';

/** Longest answers in milliseconds, one for each round. */
export interface SwitchWaits {
  /** While a migration command finds nothing to do: the measure for the others. */
  readonly idle: readonly number[];
  /** While a command changes the active column. */
  readonly switching: readonly number[];
}

/**
 * Measures how long a request waits if the active column changes under it: in the phases enforce and rename, up and down. Both phases
 * only change the catalog, apart from a validation that blocks no request.
 *
 * @param databaseUrl a database at 0006; it is at 0003 afterwards
 * @param url of the API
 */
export async function measureSwitchWaits(
  databaseUrl: string,
  url: string,
  signal: AbortSignal,
): Promise<SwitchWaits> {
  const idle: number[] = [];
  const switching: number[] = [];
  for (const [lower, upper] of [
    ['0005', '0006'],
    ['0003', '0004'],
  ] as const) {
    await migrateDownTo(databaseUrl, lower, signal);
    for (let round = 0; round < ROUNDS; round++) {
      switching.push(await longestAnswer(url, () => migrateUpTo(databaseUrl, upper, signal)));
      idle.push(await longestAnswer(url, () => migrateUpTo(databaseUrl, upper, signal)));
      switching.push(await longestAnswer(url, () => migrateDownTo(databaseUrl, lower, signal)));
    }
  }
  return { idle, switching };
}

async function longestAnswer(url: string, run: () => Promise<unknown>): Promise<number> {
  const load = autocannon({
    url: `${url}${PATH}`,
    connections: CONNECTIONS,
    duration: LONGEST_RUN_SECONDS,
  });
  try {
    await run();
  } finally {
    stopLoad(load);
  }
  const { latency, non2xx, errors } = await load;
  if (non2xx + errors > 0)
    throw new Error(`${PATH} of ${url} was answered ${non2xx + errors} times with a failure.`);
  return latency.max;
}
