/** Counts a method's batches and measures the longest. */
export class BatchTimes {
  #batches = 0;
  #longestMs = 0;

  get batches(): number {
    return this.#batches;
  }

  get longestMs(): number {
    return this.#longestMs;
  }

  /** Runs a batch. Its time lasts from its first statement to its commit, as the client sees it. */
  async time<T>(batch: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await batch();
    this.#batches += 1;
    this.#longestMs = Math.max(this.#longestMs, performance.now() - began);
    return result;
  }
}
