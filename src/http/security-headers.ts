import type { Middleware } from 'koa';

/**
 * What an answer that is data tells a browser: do not guess another type, run nothing, show it in no frame, load it from
 * no other site, keep no copy, and tell nobody where you were. Strict-Transport-Security is left to whoever ends TLS.
 * See the OWASP cheat sheet "REST Security".
 */
export const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** Puts them on every answer; a route that answers something else, such as a page, sets its own over them. */
export const setSecurityHeaders: Middleware = (ctx, next) => {
  ctx.set(SECURITY_HEADERS);
  return next();
};
