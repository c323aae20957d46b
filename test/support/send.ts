import { documentationOf } from './documented-answers.ts';

/** A request, by default a GET without a body. */
interface Request {
  readonly method?: string;
  /** Strings and bytes are sent unchanged; other values are sent as JSON. */
  readonly body?: unknown;
  /** Media type of the body, by default application/json. */
  readonly type?: string;
}

/** An HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body, byte for byte. */
  readonly text: string;
}

/**
 * Sends one request and reads the whole answer.
 * @throws Error if the API's document does not allow the answer
 */
export async function send(
  url: string,
  { method = 'GET', body, type = 'application/json' }: Request = {},
): Promise<Answer> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const payload = isRaw ? body : JSON.stringify(body);
  const response = await fetch(url, {
    method,
    ...(body !== undefined && { body: payload, headers: { 'Content-Type': type } }),
  });
  const answer = { status: response.status, headers: response.headers, text: await response.text() };
  documentationOf(url)?.assertDocumented(method, new URL(url).pathname, answer);
  return answer;
}
