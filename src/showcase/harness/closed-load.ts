import { setTimeout as delay } from 'node:timers/promises';
import { Choices } from './choices.ts';
import type { Ledger } from './ledger.ts';
import type { Load } from './load.ts';
import { LoadClient } from './load-client.ts';
import type { Timeline } from './timeline.ts';
import { SpreadClient } from './spread-client.ts';
import { Tally } from './tally.ts';

/** Number of clients, and the longest random pause between an answer and the next request. */
export interface LoadShape {
  readonly clients: number;
  readonly longestPauseMs: number;
}

/**
 * Reads, creates and updates records through the API. Each client waits for its answer, pauses randomly, and sends its
 * next request. A slow API therefore receives fewer requests.
 */
export class ClosedLoad implements Load {
  readonly #shape: LoadShape;
  readonly #timeline: Timeline | undefined;
  readonly #clients: Promise<unknown>;
  #tally = new Tally();
  #stopped = false;

  /**
   * Starts the load.
   *
   * @param urls of the API processes
   * @param ledger records the acknowledged writes
   * @param seed of the random choices
   * @param timeline records the time of each answer
   */
  constructor(urls: readonly string[], ledger: Ledger, seed: number, shape: LoadShape, timeline?: Timeline) {
    this.#shape = shape;
    this.#timeline = timeline;
    const indexes = Array.from({ length: shape.clients }, (_, index) => index);
    this.#clients = Promise.all(indexes.map((index) => this.#work(urls, ledger, seed, index)));
  }

  async nextTally(): Promise<Tally> {
    const tally = this.#tally;
    this.#tally = new Tally();
    await tally.settled();
    return tally;
  }

  async stop(): Promise<Tally> {
    this.#stopped = true;
    await this.#clients;
    return this.#tally;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #work(urls: readonly string[], ledger: Ledger, seed: number, index: number): Promise<void> {
    const { clients, longestPauseMs } = this.#shape;
    using api = new SpreadClient(urls, new Choices(`${seed} processes ${index}`));
    const client = new LoadClient(api, new Choices(`${seed} requests ${index}`), ledger, index, clients);
    const pauses = new Choices(`${seed} pauses ${index}`);
    while (!this.#stopped) {
      await this.#tally.count(() => this.#timeline?.request(() => client.request()) ?? client.request());
      // Even the shortest timer takes a millisecond.
      if (longestPauseMs > 0) await delay(pauses.fraction() * longestPauseMs);
    }
  }
}
