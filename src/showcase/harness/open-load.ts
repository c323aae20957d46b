import { setTimeout as delay } from 'node:timers/promises';
import { ApiClient } from './api-client.ts';
import { Choices } from './choices.ts';
import type { Ledger } from './ledger.ts';
import type { Load } from './load.ts';
import { LoadClient } from './load-client.ts';
import { Tally } from './tally.ts';

/** The rate of the requests. */
export interface LoadRate {
  /** Requests due per second. */
  readonly requestsPerSecond: number;
  /** Number of connections. */
  readonly connections: number;
  /** A request without a complete answer this long after it was due has failed. */
  readonly patienceMs: number;
}

/**
 * Sends requests at a fixed rate, independent of the API's speed, as many users do.
 *
 * 1. A request is due at each tick of the rate. The client that has been idle the longest sends it. If all clients are
 *    busy, the first one to become idle sends it.
 * 2. Its latency counts from its due time, not from its sending. Otherwise a stall of the API would count as one slow
 *    request per connection, and the requests due meanwhile would be omitted ("coordinated omission", Gil Tene: How NOT
 *    to Measure Latency).
 * 3. If it is not sent or answered in time after its due time, it has failed.
 */
export class OpenLoad implements Load {
  readonly #patienceMs: number;
  readonly #apis: ApiClient[] = [];
  readonly #freeClients: LoadClient[] = [];
  /** The due requests that wait for a client, oldest first. Each receives its client. */
  readonly #waiting: ((client: LoadClient) => void)[] = [];
  readonly #arrivals: Promise<void>;
  #tally = new Tally();
  #stopped = false;

  /**
   * Starts the load.
   *
   * @param url of the API
   * @param ledger records the acknowledged writes
   * @param seed of the random choices
   */
  constructor(
    url: string,
    ledger: Ledger,
    seed: number,
    { requestsPerSecond, connections, patienceMs }: LoadRate,
  ) {
    this.#patienceMs = patienceMs;
    for (let index = 0; index < connections; index += 1) {
      const api = new ApiClient(url, patienceMs);
      this.#apis.push(api);
      const choices = new Choices(`${seed} requests ${index}`);
      this.#freeClients.push(new LoadClient(api, choices, ledger, index, connections));
    }
    this.#arrivals = this.#arrive(requestsPerSecond);
  }

  async nextTally(): Promise<Tally> {
    const tally = this.#tally;
    this.#tally = new Tally();
    await tally.settled();
    return tally;
  }

  async stop(): Promise<Tally> {
    this.#stopped = true;
    await this.#arrivals;
    await this.#tally.settled();
    for (const api of this.#apis) api[Symbol.dispose]();
    return this.#tally;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #arrive(requestsPerSecond: number): Promise<void> {
    const intervalMs = 1000 / requestsPerSecond;
    for (let due = performance.now(); !this.#stopped;) {
      // After a late timer, all requests that have become due.
      for (; due <= performance.now(); due += intervalMs) {
        const began = due;
        void this.#tally.count(() => this.#request(began), began);
      }
      await delay(Math.max(1, due - performance.now()));
    }
  }

  async #request(due: number): Promise<void> {
    const client = await this.#freeClient();
    try {
      this.#refuseLate(due, 'could not be sent');
      await client.request();
      this.#refuseLate(due, 'was not answered');
    } finally {
      this.#release(client);
    }
  }

  #refuseLate(due: number, what: string): void {
    if (performance.now() - due <= this.#patienceMs) return;
    throw new Error(`A request ${what} within ${this.#patienceMs / 1000} s of its due time.`);
  }

  async #freeClient(): Promise<LoadClient> {
    return this.#freeClients.shift() ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
  }

  #release(client: LoadClient): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#freeClients.push(client);
    else next(client);
  }
}
