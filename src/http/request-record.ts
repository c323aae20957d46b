import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { RouterContext } from '@koa/router';
import type { Middleware } from 'koa';
import type { Log } from './log.ts';

/** Matches UUIDs, ULIDs, trace ids and similar ids. Other text could forge parts of the log. */
const WELL_FORMED = /^[\w.:=+/-]{1,128}$/;

/** The header with the id, in requests and answers. */
export const REQUEST_ID_HEADER = 'X-Request-Id';

/**
 * Returns the id of a request in all logs: the id given by a proxy or the client, otherwise a new one.
 * @param headers of the request
 */
function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : randomUUID();
}

/** Greatest length of a path in the log: a client can send kilobytes. */
const SHOWN_CHARACTERS = 200;

/** An answered request. */
export interface AnsweredRequest {
  readonly method: string;
  /** The pattern that the path matched. Not the path itself: clients could then create labels without limit. */
  readonly route: string | undefined;
  readonly status: number;
  readonly seconds: number;
}

/** Receives every answered request. */
export interface RequestObserver {
  observe(request: AnsweredRequest): void;
}

/** The middlewares' data in `ctx.state`. */
export interface RequestState {
  /** Id of the request in the logs. */
  requestId: string;
  /** Cause of a failure for the log; undefined if the request succeeded or the client caused the failure. */
  cause?: string;
}

/**
 * Gives each request an id and reports it to the log and the observers once it is answered. The query is never
 * reported, because it contains the client's data.
 *
 * @param log receives a line for each request: at `info`, or with its cause at `warn` (503) or `error`
 * @param observers receive each request
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

/** Not `ctx.path`: it fails if the client sent no URL. */
function shownPath(url: string): string {
  const end = url.indexOf('?');
  return url.slice(0, Math.min(end === -1 ? url.length : end, SHOWN_CHARACTERS));
}
