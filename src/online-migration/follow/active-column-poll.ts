import type { ActiveColumnFollower } from './active-column-follower.ts';
import { pause } from '../postgres/pause.ts';

/**
 * Reads the active column again and again, for where notifications do not pass. One reading at a time, with the pause
 * after its end: a slow database is not asked more often than it answers.
 *
 * @param intervalMs the pause between two readings, in milliseconds
 * @returns ends the poll
 */
export function pollActiveColumn(follower: ActiveColumnFollower, intervalMs: number): Disposable {
  const stop = new AbortController();
  const poll = async () => {
    while (!stop.signal.aborted) {
      await pause(intervalMs, stop.signal);
      // A request that fails for the same reason tells it; the next reading comes anyway.
      await follower.refresh().catch(() => undefined);
    }
  };
  poll().catch(() => undefined); // Ended in the middle of a pause.
  return { [Symbol.dispose]: () => stop.abort() };
}
