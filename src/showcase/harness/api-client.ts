import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** How long clients wait for an answer, in milliseconds. */
export const PATIENCE_MS = 10_000;

/** A complete answer. */
export interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

/** Sends requests one at a time. */
export interface RequestSender extends Disposable {
  /**
   * Sends a request and reads its answer.
   *
   * @param body sent as JSON
   * @throws Error if the connection fails, or the answer is not complete in time
   */
  send(method: string, path: string, body?: object): Promise<Answer>;
}

/** A kept-alive connection to the API. */
export class ApiClient implements RequestSender {
  readonly #url: string;
  readonly #patienceMs: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /**
   * @param url of the API
   * @param patienceMs time limit for a complete answer
   */
  constructor(url: string, patienceMs = PATIENCE_MS) {
    this.#url = url;
    this.#patienceMs = patienceMs;
  }

  async send(method: string, path: string, body?: object): Promise<Answer> {
    const limit = AbortSignal.timeout(this.#patienceMs);
    const outgoing = request(new URL(path, this.#url), {
      method,
      agent: this.#agent,
      signal: limit,
      ...(body && { headers: { 'Content-Type': 'application/json' } }),
    });
    outgoing.on('error', () => {}); // The two waits below report it. Without a listener, an error between them would end the process.
    outgoing.end(body && JSON.stringify(body));
    try {
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      return { status: response.statusCode, text: await text(response) };
    } catch (error) {
      const { message } = error as Error;
      const what = limit.aborted ? `no whole answer within ${this.#patienceMs / 1000} s` : message;
      throw new Error(`${method} ${path}: ${what}`, { cause: error });
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
