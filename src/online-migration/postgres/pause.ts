import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits for a time or until the signal aborts.
 * @param milliseconds the time
 * @param signal ends the wait
 * @throws the signal's reason, if it ended the wait
 */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** The bounds of the pauses between tries, in milliseconds. */
export interface Backoff {
  readonly shortestMs: number;
  readonly longestMs: number;
}

/**
 * Returns a pause of random length below a bound that doubles with each try ("full jitter"), so that waiting sessions
 * do not retry together.
 * @param attempt number of failed tries, from 1 on
 * @returns milliseconds
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function jitteredPauseMs(attempt: number, { shortestMs, longestMs }: Backoff): number {
  const bound = Math.min(longestMs, shortestMs * 2 ** attempt);
  return shortestMs + Math.random() * (bound - shortestMs);
}
