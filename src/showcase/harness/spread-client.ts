import { type Answer, ApiClient, type RequestSender } from './api-client.ts';
import type { Choices } from './choices.ts';

/** Connections to several API processes. As behind a load balancer, each request goes to a random one. */
export class SpreadClient implements RequestSender {
  readonly #clients: readonly ApiClient[];
  readonly #choices: Choices;

  /** @param urls of the API processes, at least one */
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
