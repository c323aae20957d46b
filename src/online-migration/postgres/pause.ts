import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits, unless it is told to end.
 * @param milliseconds how long
 * @param signal ends the wait
 * @throws the signal's reason, where it ended the wait
 */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted());
}
