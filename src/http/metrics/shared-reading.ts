import { setTimeout } from 'node:timers/promises';

/**
 * Shares one expensive reading among concurrent callers. Only one reading runs at a time, and its result is reused for
 * a while.
 */
export class SharedReading<T> {
  readonly #read: () => Promise<T>;
  readonly #limits: { readonly waitMs: number; readonly maxAgeMs: number };
  #underWay: Promise<T> | undefined;
  #latest: { readonly value: T; readonly until: number } | undefined;

  /**
   * @param read reads once
   * @param limits.waitMs longest wait of a caller, in milliseconds; the reading itself continues
   * @param limits.maxAgeMs how long a result is reused, in milliseconds
   */
  constructor(read: () => Promise<T>, limits: { readonly waitMs: number; readonly maxAgeMs: number }) {
    this.#read = read;
    this.#limits = limits;
  }

  /** @returns the result, or null if the reading failed or took too long */
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
