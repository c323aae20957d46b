import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import { Problem } from './problem.ts';

/** Greatest size of a body, in bytes. */
const MAX_BODY_BYTES = 100 * 1024;

/** The media type, with no other parameter than the charset that JSON has anyway. */
const JSON_IN_UTF8 = /^application\/json\s*(;\s*charset=("?)utf-?8\2\s*)?$/i;

/**
 * Reads the body of a request as JSON (RFC 8259: UTF-8, and nothing else).
 *
 * @returns the value, of any JSON type
 * @throws Problem 400 if there is no body or it is no JSON, 413 over 100 kB, 415 for another type or encoding
 */
export async function readJsonBody(ctx: Context): Promise<unknown> {
  if (ctx.request.length === 0 || ctx.is() === null) throw badBody('is missing: send a JSON object');
  assertPlainJson(ctx);
  const bytes = await readBytes(ctx.req);
  const text = decodeUtf8(bytes);
  if (text.trim() === '') throw badBody('is missing: send a JSON object');
  try {
    return JSON.parse(text);
  } catch {
    throw badBody('is not valid JSON');
  }
}

function assertPlainJson(ctx: Context): void {
  const encoding = ctx.get('Content-Encoding').toLowerCase();
  const isPlainJson = JSON_IN_UTF8.test(ctx.get('Content-Type')) && ['', 'identity'].includes(encoding);
  if (!isPlainJson) {
    throw new Problem(415, 'Send the body as application/json in UTF-8, without a content encoding.');
  }
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // The stream must outlive this loop: to destroy it would close the connection before the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) break;
      chunks.push(chunk);
    }
  } catch {
    throw new Problem(400, 'The request ended before its body was complete.');
  }
  if (size > MAX_BODY_BYTES) {
    // The rest is read and dropped: a client that is still sending would miss the answer otherwise.
    request.resume();
    throw new Problem(413, `The body is greater than ${MAX_BODY_BYTES} bytes.`);
  }
  return Buffer.concat(chunks);
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badBody('is not valid UTF-8');
  }
}

function badBody(message: string): Problem {
  return Problem.ofFields([{ field: 'body', message }]);
}
