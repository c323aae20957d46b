import { createHash } from 'node:crypto';

/** Numbers that look random and are the same for the same seed, on every machine. */
export class Choices {
  readonly #seed: string;
  #drawn = 0;

  /** @param seed names the sequence */
  constructor(seed: string) {
    this.#seed = seed;
  }

  /** A number from 0 up to 1, without 1. */
  fraction(): number {
    this.#drawn += 1;
    return createHash('sha256').update(`${this.#seed} ${this.#drawn}`).digest().readUInt32BE() / 2 ** 32;
  }

  /** A whole number from 0 up to the bound, without the bound. */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }
}
