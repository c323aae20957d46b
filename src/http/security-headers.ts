import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet, { type HelmetOptions } from 'helmet';
import type { Middleware } from 'koa';
import koaHelmet from 'koa-helmet';

/**
 * What an answer that is data tells a browser, beside Helmet's defaults: run nothing, and show it in no frame.
 * Strict-Transport-Security is left to whoever ends TLS. See the OWASP cheat sheet "REST Security".
 */
const OPTIONS: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: [`'none'`], frameAncestors: [`'none'`] },
  },
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
};

/** Helmet leaves caches to the application. */
const NO_COPIES = { 'Cache-Control': 'no-store' };

const setHelmetHeaders = koaHelmet(OPTIONS);

/** Puts them on every answer; a route that answers something else, such as a page, sets its own over them. */
export const setSecurityHeaders: Middleware = (ctx, next) => {
  ctx.set(NO_COPIES);
  return setHelmetHeaders(ctx, next);
};

/** The same headers, for an answer that does not go through Koa. */
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
