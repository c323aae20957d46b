import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet, { type HelmetOptions } from 'helmet';
import type { Middleware } from 'koa';
import koaHelmet from 'koa-helmet';

/**
 * Headers for answers that contain data, in addition to Helmet's defaults: run nothing, allow no framing. The server
 * that terminates TLS sets Strict-Transport-Security. See the OWASP cheat sheet "REST Security".
 */
const OPTIONS: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: [`'none'`], frameAncestors: [`'none'`] },
  },
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
};

/** Helmet does not set caching headers. */
const NO_COPIES = { 'Cache-Control': 'no-store' };

const setHelmetHeaders = koaHelmet(OPTIONS);

/** Sets the headers on every answer. A route with other content, such as a page, overrides them. */
export const setSecurityHeaders: Middleware = (ctx, next) => {
  ctx.set(NO_COPIES);
  return setHelmetHeaders(ctx, next);
};

/** The same headers, for an answer that bypasses Koa. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = { ...NO_COPIES, ...helmetHeaders() };

function helmetHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => (headers[name] = value),
    removeHeader: () => undefined,
  };
  helmet(OPTIONS)({} as IncomingMessage, response as unknown as ServerResponse, () => undefined);
  return headers;
}
