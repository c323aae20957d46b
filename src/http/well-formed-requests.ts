import type { Middleware } from 'koa';
import { Problem } from './problem.ts';

/** If one of these headers appears twice, Node uses the first. A proxy may have used another one. */
const SINGLE_HEADERS = ['Host', 'Content-Type'] as const;

/**
 * Rejects requests that Node's parser accepts but HTTP forbids: no or several hosts, several content types, or a target
 * that is not a URL.
 */
export const refuseMalformed: Middleware = (ctx, next) => {
  // See RFC 9112, section 3.2. Node would reject the request without a body.
  if (ctx.req.httpVersion === '1.1' && ctx.req.headers.host === undefined) {
    throw new Problem(400, 'The header Host is missing.');
  }
  for (const name of SINGLE_HEADERS) {
    if ((ctx.req.headersDistinct[name.toLowerCase()]?.length ?? 0) > 1) {
      throw new Problem(400, `The header ${name} appears more than once.`);
    }
  }
  // Koa parses the target when code reads the path, and fails for `http://[/`.
  if (!ctx.url.startsWith('/') && ctx.url !== '*' && !URL.canParse(ctx.url)) {
    throw new Problem(400, 'The target of the request is not a URL.');
  }
  return next();
};
