import type { Middleware } from 'koa';
import { Problem } from './problem.ts';

/** A request exceeded its time limit. */
export class AnswerTooLateError extends Error {
  override readonly name = 'AnswerTooLateError';
}

/**
 * Answers every request within its time limit. The unfinished work continues without a listener; a write may still be
 * done.
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
          : // The client is slow, and could keep sending as long as the connection lasts.
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
