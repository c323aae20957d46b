/**
 * Which of several servers new connections go to: the first, until one cannot be had there; then the next, and after
 * the last the first again. For a primary with a standby that takes its place.
 */
export class ServerChoice {
  readonly #urls: readonly string[];
  #index = 0;

  /** @param urls one for each server */
  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** The server to connect to. */
  get url(): string {
    return this.#urls[this.#index]!;
  }

  /** Whether there is another server to turn to. */
  get hasOthers(): boolean {
    return this.#urls.length > 1;
  }

  /** Turns to the next server, unless someone else has turned away from this one already. */
  turnFrom(url: string): void {
    if (url === this.url) this.#index = (this.#index + 1) % this.#urls.length;
  }

  /** The server to connect to, for one who does not say how that went: the next time it is the next one. */
  next(): string {
    const { url } = this;
    this.turnFrom(url);
    return url;
  }
}
