import { setTimeout as delay } from 'node:timers/promises';
import { ApiClient } from './api-client.ts';
import { Choices } from './choices.ts';
import type { Ledger } from './ledger.ts';
import { LoadClient } from './load-client.ts';
import { Tally } from './tally.ts';

/** What the load is: each client waits for its answer, then for a random time, then asks again. */
export const LOAD = { clients: 8, longestPauseMs: 40 } as const;

/**
 * Reads, creates and updates records through the API until it is stopped. The pauses leave the processor idle part of the
 * time: otherwise the latencies would show the queue for it and nothing of the database.
 */
export class Load implements AsyncDisposable {
  readonly #clients: Promise<unknown>;
  #tally = new Tally();
  #stopped = false;

  /**
   * Starts the load.
   *
   * @param url where the API listens
   * @param ledger keeps what the API acknowledges
   * @param seed of the random choices
   */
  constructor(url: string, ledger: Ledger, seed: number) {
    const indexes = Array.from({ length: LOAD.clients }, (_, index) => index);
    this.#clients = Promise.all(indexes.map((index) => this.#work(url, ledger, seed, index)));
  }

  /** Begins a new tally; resolves with the one so far when its last request has ended. */
  async nextTally(): Promise<Tally> {
    const tally = this.#tally;
    this.#tally = new Tally();
    await tally.settled();
    return tally;
  }

  /** Ends the load; resolves with the last tally when the last request has ended. */
  async stop(): Promise<Tally> {
    this.#stopped = true;
    await this.#clients;
    return this.#tally;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #work(url: string, ledger: Ledger, seed: number, index: number): Promise<void> {
    using api = new ApiClient(url);
    const client = new LoadClient(api, new Choices(`${seed} requests ${index}`), ledger, index, LOAD.clients);
    const pauses = new Choices(`${seed} pauses ${index}`);
    while (!this.#stopped) {
      await this.#tally.count(() => client.request());
      await delay(pauses.fraction() * LOAD.longestPauseMs);
    }
  }
}
