import type { RouterContext } from '@koa/router';
import type { Middleware } from 'koa';
import type { Log } from './log.ts';
import type { RequestDurations } from './metrics/request-durations.ts';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.ts';

/** Of a path, what a line of the log shows: a client can send kilobytes. */
const SHOWN_CHARACTERS = 200;

/** What the middlewares know of a request, in `ctx.state`. */
export interface RequestState {
  /** Under which it is found in the logs. */
  requestId: string;
  /** Why it failed by no fault of the client, for the log; undefined where it has not. */
  cause?: string;
}

/**
 * Gives each request an id, and leaves a line in the log and a duration in the metrics when it has been answered. The
 * query is in neither: it holds what the client sent.
 *
 * @param log receives a line for each request: at `info`, or with its cause at `warn` (503) or `error`
 * @param durations take each request in
 */
export function recordRequests(log: Log, durations: RequestDurations): Middleware {
  return async (ctx, next) => {
    const began = performance.now();
    const state = ctx.state as RequestState;
    state.requestId = requestIdOf(ctx.req.headers);
    ctx.set(REQUEST_ID_HEADER, state.requestId);
    await next();
    const { method, status } = ctx;
    const milliseconds = performance.now() - began;
    const route = (ctx as RouterContext)._matchedRoute as string | undefined;
    durations.observe({ method, route, status, seconds: milliseconds / 1000 });

    const { requestId, cause } = state;
    const level = cause === undefined ? 'info' : status === 503 ? 'warn' : 'error';
    const message = `${method} ${shownPath(ctx.url)} answered ${status}`;
    log[level](
      { requestId, method, route, status, durationMs: Math.round(milliseconds * 1000) / 1000 },
      cause === undefined ? message : `${message}: ${cause}`,
    );
  };
}

/** Not `ctx.path`, which fails where the client sent no URL. */
function shownPath(url: string): string {
  const end = url.indexOf('?');
  return url.slice(0, Math.min(end === -1 ? url.length : end, SHOWN_CHARACTERS));
}
