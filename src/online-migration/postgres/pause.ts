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
