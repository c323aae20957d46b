import { createHash } from 'node:crypto';

/** Pseudo-random numbers that are the same for the same seed on every machine. */
export class Choices {
  readonly #seed: string;
  #drawn = 0;

  /** @param seed selects the sequence */
  constructor(seed: string) {
    this.#seed = seed;
  }

  /** A number from 0 (inclusive) to 1 (exclusive). */
  fraction(): number {
    this.#drawn += 1;
    return createHash('sha256').update(`${this.#seed} ${this.#drawn}`).digest().readUInt32BE() / 2 ** 32;
  }

  /** A whole number from 0 (inclusive) to the bound (exclusive). */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }
}
