import { setTimeout as delay } from 'node:timers/promises';
import type { Context, Next } from 'koa';
import { isTransient } from '../online-migration/postgres/database-error.ts';
import { jitteredPauseMs } from '../online-migration/postgres/pause.ts';

const BACKOFF = { shortestMs: 10, longestMs: 500 };

/** Whether a request of this method leaves everything as it is. */
export const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

/**
 * Lets a read outlive a restart of the database: it is tried again as long as the database fails in passing.
 *
 * A write is not. Where its connection is lost, nobody knows whether it was done: a second POST would make a second
 * record, a second PATCH would overwrite what another client has written meanwhile, and a second DELETE would find no
 * record and answer 404. Its client gets a 503, and knows best what to do.
 *
 * @param routes answer a request; they begin a read with nothing done
 * @param limitMs no try begins later, in milliseconds
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
        const pauseMs = jitteredPauseMs(attempt, BACKOFF);
        const isInTime = performance.now() + pauseMs <= deadline;
        if (!isRead(ctx.method) || !isTransient(error) || !isInTime) throw error;
        await delay(pauseMs);
      }
    }
  };
}
