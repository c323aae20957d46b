import { setTimeout as delay } from 'node:timers/promises';
import { ApiClient } from './api-client.ts';
import { Choices } from './choices.ts';
import type { Ledger } from './ledger.ts';
import type { Load } from './load.ts';
import { LoadClient } from './load-client.ts';
import { Tally } from './tally.ts';

/** How the requests come. */
export interface LoadRate {
  /** How many are due in a second. */
  readonly requestsPerSecond: number;
  /** Over how many connections they go. */
  readonly connections: number;
  /** One that has no whole answer so long after it was due has failed. */
  readonly patienceMs: number;
}

/**
 * Requests that come at a fixed rate, however slow the API is, as those of many users do.
 *
 * 1. A request is due at each tick of the rate. It goes to the client that has been free the longest; where all wait for
 *    an answer, it waits for the first that gets one.
 * 2. Its latency counts from the moment at which it was due, not from its sending. Otherwise a stall of the API would
 *    count as a few slow requests, one for each connection, and all that would have come meanwhile would be left out
 *    ("coordinated omission", Gil Tene: How NOT to Measure Latency).
 * 3. Where it could not be sent, or was not answered, in time after that moment, it has failed.
 */
export class OpenLoad implements Load {
  readonly #patienceMs: number;
  readonly #apis: ApiClient[] = [];
  readonly #freeClients: LoadClient[] = [];
  /** Requests that are due and wait for a client, the oldest first; each takes the client that it gets. */
  readonly #waiting: ((client: LoadClient) => void)[] = [];
  readonly #arrivals: Promise<void>;
  #tally = new Tally();
  #stopped = false;

  /**
   * Starts the load.
   *
   * @param url where the API listens
   * @param ledger keeps what the API acknowledges
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
      // After a late timer, all that have become due meanwhile.
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
    throw new Error(
      `A request ${what} within ${this.#patienceMs / 1000} s of the moment at which it was due.`,
    );
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
