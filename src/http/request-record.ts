import type { RouterContext } from '@koa/router';
import type { Middleware } from 'koa';
import type { Log } from './log.ts';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.ts';

/** Of a path, what a line of the log shows: a client can send kilobytes. */
const SHOWN_CHARACTERS = 200;

/** A request that has been answered. */
export interface AnsweredRequest {
  readonly method: string;
  /** The pattern that the path matched, never the path itself: everyone could add labels without end. */
  readonly route: string | undefined;
  readonly status: number;
  readonly seconds: number;
}

/** Takes in every request that has been answered. */
export interface RequestObserver {
  observe(request: AnsweredRequest): void;
}

/** What the middlewares know of a request, in `ctx.state`. */
export interface RequestState {
  /** Under which it is found in the logs. */
  requestId: string;
  /** Why it failed by no fault of the client, for the log; undefined where it has not. */
  cause?: string;
}

/**
 * Gives each request an id, and tells the log and the observers when it has been answered. The
 * query is told to none: it holds what the client sent.
 *
 * @param log receives a line for each request: at `info`, or with its cause at `warn` (503) or `error`
 * @param observers take each request in
 */
export function recordRequests(log: Log, observers: readonly RequestObserver[]): Middleware {
  return async (ctx, next) => {
    const began = performance.now();
    const state = ctx.state as RequestState;
    state.requestId = requestIdOf(ctx.req.headers);
    ctx.set(REQUEST_ID_HEADER, state.requestId);
    await next();
    const { method, status } = ctx;
    const milliseconds = performance.now() - began;
    const route = (ctx as RouterContext)._matchedRoute as string | undefined;
    const answered = { method, route, status, seconds: milliseconds / 1000 };
    for (const observer of observers) observer.observe(answered);

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
