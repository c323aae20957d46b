import type { Middleware } from 'koa';
import { Problem } from './problem.ts';

/** A request could not be answered within its time. */
export class AnswerTooLateError extends Error {
  override readonly name = 'AnswerTooLateError';
}

/**
 * Gives every request an answer in time. What is still under way for it goes on, and nobody waits for it: a write may
 * yet be done, as with any answer that got lost.
 *
 * @param limitMs from the end of a request's headers, in milliseconds
 */
export function limitTime(limitMs: number): Middleware {
  return async (ctx, next) => {
    const { promise: timeUp, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(
        ctx.req.complete
          ? new AnswerTooLateError(`no answer within ${limitMs} ms`)
          : // The client is the slow one, and might go on sending for as long as the connection lasts.
            new Problem(408, 'The body did not arrive in time.', { headers: { Connection: 'close' } }),
      );
    }, limitMs);
    try {
      await Promise.race([next(), timeUp]);
    } finally {
      clearTimeout(timer);
    }
  };
}
