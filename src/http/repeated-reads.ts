import { setTimeout as delay } from 'node:timers/promises';
import type { Context, Next } from 'koa';
import { isTransient } from 'online-migration';

const SHORTEST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;

/** Whether requests of this method change nothing. */
export const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

/**
 * Retries reads while the database is temporarily unavailable, for example during a restart.
 *
 * Writes are not retried. If the connection is lost, a write may already be done: a second POST would create a second
 * record, a second PATCH could overwrite another client's write, and a second DELETE would answer 404. The client gets
 * a 503 and decides.
 *
 * @param routes answer a request; they start a read from scratch
 * @param limitMs latest start of a retry, in milliseconds
 */
export function repeatReads<C extends Context>(
  routes: (ctx: C, next: Next) => Promise<unknown>,
  limitMs: number,
): (ctx: C, next: Next) => Promise<void> {
  return async (ctx, next) => {
    const deadline = performance.now() + limitMs;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await routes(ctx, next);
        return;
      } catch (error) {
        // Of random length, so that processes that lost the same server do not return together.
        const pauseMs = Math.random() * Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** attempt);
        const isInTime = performance.now() + pauseMs <= deadline;
        if (!isRead(ctx.method) || !isTransient(error) || !isInTime) throw error;
        await delay(pauseMs);
      }
    }
  };
}
