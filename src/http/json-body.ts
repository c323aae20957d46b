import { METHODS } from 'node:http';
import { bodyParser } from '@koa/bodyparser';
import type { Context } from 'koa';
import { Problem } from './problem.ts';

/** Greatest size of a body, in bytes. */
const MAX_BODY_BYTES = 100 * 1024;

/** The media type. Its only allowed parameter is charset=utf-8, JSON's own charset. */
const JSON_IN_UTF8 = /^application\/json\s*(;\s*charset=("?)utf-?8\2\s*)?$/i;

/** Replaces bytes that are not UTF-8 in a decoded text. */
const REPLACEMENT_CHARACTER = '\ufffd';

const MISSING = 'is missing: send a JSON object';

/** An error of the parser. If the client caused it, it has a status and a type. */
interface BodyError extends Error {
  readonly status?: number;
  readonly type?: string;
}

const parseBody = bodyParser({
  // Each route decides whether its requests have a body.
  parsedMethods: METHODS,
  enableTypes: ['json'],
  jsonLimit: MAX_BODY_BYTES,
  onError: (error, ctx) => {
    // Discard the rest: a client that is still sending would otherwise miss the answer.
    ctx.req.resume();
    throw problemOf(error);
  },
});

/**
 * Reads a request's body as JSON in UTF-8 (RFC 8259).
 *
 * @returns the value, an object or an array
 * @throws Problem 400 if the body is missing or not JSON, 413 if it exceeds 100 kB, 415 for another type or encoding
 */
export async function readJsonBody(ctx: Context): Promise<unknown> {
  if (ctx.request.length === 0 || ctx.is() === null) throw badBody(MISSING);
  assertPlainJson(ctx);
  // The parser knows `identity` only in lower case.
  delete ctx.req.headers['content-encoding'];
  await parseBody(ctx, async () => undefined);
  const { body } = ctx.request;
  // If the client has disconnected, the parser returns without an error.
  const rawBody: string | undefined = ctx.request.rawBody;
  if (rawBody === undefined) throw endedEarly();
  if (rawBody.trim() === '') throw badBody(MISSING);
  if (rawBody.includes(REPLACEMENT_CHARACTER)) {
    throw badBody('is not valid UTF-8, or contains the character U+FFFD, which stands for lost text');
  }
  return body;
}

function assertPlainJson(ctx: Context): void {
  const encoding = ctx.get('Content-Encoding').toLowerCase();
  const isPlainJson = JSON_IN_UTF8.test(ctx.get('Content-Type')) && ['', 'identity'].includes(encoding);
  if (!isPlainJson) {
    throw new Problem(415, 'Send the body as application/json in UTF-8, without a content encoding.');
  }
}

/** @returns the error itself if the client did not cause it */
function problemOf(error: BodyError): Error {
  if (error.status === 413) return new Problem(413, `The body is greater than ${MAX_BODY_BYTES} bytes.`);
  if (error.type === 'request.aborted') return endedEarly();
  if (error instanceof SyntaxError) return badBody('is not a valid JSON object');
  const { status = 500 } = error;
  return status < 500 ? new Problem(status, 'The body cannot be read.') : error;
}

function endedEarly(): Problem {
  return new Problem(400, 'The request ended before its body was complete.');
}

function badBody(message: string): Problem {
  return Problem.ofFields([{ field: 'body', message }]);
}
