import { setTimeout } from 'node:timers/promises';

/**
 * Lets everyone who asks share one reading of something that is dear, or that may never answer: one is under way at a
 * time, and what it found is good for a while.
 */
export class SharedReading<T> {
  readonly #read: () => Promise<T>;
  readonly #limits: { readonly waitMs: number; readonly maxAgeMs: number };
  #underWay: Promise<T> | undefined;
  #latest: { readonly value: T; readonly until: number } | undefined;

  /**
   * @param read reads once
   * @param limits.waitMs how long one who asks waits at most; the reading itself goes on
   * @param limits.maxAgeMs how long what was found is good
   */
  constructor(read: () => Promise<T>, limits: { readonly waitMs: number; readonly maxAgeMs: number }) {
    this.#read = read;
    this.#limits = limits;
  }

  /** @returns the result; null if the reading failed or takes too long */
  async get(): Promise<T | null> {
    if (this.#latest !== undefined && performance.now() < this.#latest.until) return this.#latest.value;
    this.#underWay ??= this.#read()
      .then((value) => this.#keep(value))
      .finally(() => {
        this.#underWay = undefined;
      });
    const found = this.#underWay.catch(() => null);
    return Promise.race([found, setTimeout(this.#limits.waitMs, null, { ref: false })]);
  }

  #keep(value: T): T {
    this.#latest = { value, until: performance.now() + this.#limits.maxAgeMs };
    return value;
  }
}
