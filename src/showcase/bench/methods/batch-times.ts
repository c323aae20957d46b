import type { Outcome } from './method.ts';

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

/** Measures a method whose statements run on a connection of this process. */
export async function timed(work: (batch: BatchTimes) => Promise<unknown>): Promise<Outcome> {
  const batch = new BatchTimes();
  const began = performance.now();
  await work(batch);
  const seconds = (performance.now() - began) / 1000;
  const { batches, longestMs } = batch;
  return { seconds, batches, longestBatchMs: longestMs, process: null };
}
