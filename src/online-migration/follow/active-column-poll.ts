import type { ActiveColumnFollower } from './active-column-follower.ts';
import { pause } from '../postgres/pause.ts';

/**
 * Polls the active column, in case notifications do not arrive. The pause begins after each reading ends, so a slow
 * database gets no overlapping queries.
 *
 * @param intervalMs the pause between two readings, in milliseconds
 * @returns ends the poll
 */
export function pollActiveColumn(follower: ActiveColumnFollower, intervalMs: number): Disposable {
  const stop = new AbortController();
  const poll = async () => {
    while (!stop.signal.aborted) {
      await pause(intervalMs, stop.signal);
      // A request that fails for the same reason reports the error; the next reading follows anyway.
      await follower.refresh().catch(() => undefined);
    }
  };
  poll().catch(() => undefined); // Ended in the middle of a pause.
  return { [Symbol.dispose]: () => stop.abort() };
}
