import type { Middleware } from 'koa';
import { Problem } from './problem.ts';

/** Of these, Node takes the first and drops the rest; a proxy before it may have taken another one. */
const SINGLE_HEADERS = ['Host', 'Content-Type'] as const;

/**
 * Refuses requests that Node's parser accepts and HTTP forbids: a request to no host or to several, a body of several types,
 * and a target that is no URL.
 */
export const refuseMalformed: Middleware = (ctx, next) => {
  // See RFC 9112, section 3.2. Node would refuse it by itself, without a word.
  if (ctx.req.httpVersion === '1.1' && ctx.req.headers.host === undefined) {
    throw new Problem(400, 'The header Host is missing.');
  }
  for (const name of SINGLE_HEADERS) {
    if ((ctx.req.headersDistinct[name.toLowerCase()]?.length ?? 0) > 1) {
      throw new Problem(400, `The header ${name} appears more than once.`);
    }
  }
  // Koa parses a target such as `http://[/` when someone asks for the path, and fails.
  if (!ctx.url.startsWith('/') && ctx.url !== '*' && !URL.canParse(ctx.url)) {
    throw new Problem(400, 'The target of the request is no URL.');
  }
  return next();
};
