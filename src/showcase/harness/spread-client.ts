import { type Answer, ApiClient, type RequestSender } from './api-client.ts';
import type { Choices } from './choices.ts';

/** A connection to each of several API processes, as behind a load balancer: chance decides where a request goes. */
export class SpreadClient implements RequestSender {
  readonly #clients: readonly ApiClient[];
  readonly #choices: Choices;

  /** @param urls where the API processes listen, one at least */
  constructor(urls: readonly string[], choices: Choices) {
    this.#clients = urls.map((url) => new ApiClient(url));
    this.#choices = choices;
  }

  async send(method: string, path: string, body?: object): Promise<Answer> {
    return this.#clients[this.#choices.below(this.#clients.length)]!.send(method, path, body);
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client[Symbol.dispose]();
  }
}
