import { seededRandom } from '../../../support/seeded-random.ts';

/** The choices of a run, as its seed decides, and the records that it may change. */
export class Chance {
  readonly #random: () => number;
  #freshId: number;

  /**
   * @param seed decides everything
   * @param rows the records that are there have the ids from 1 on; each is changed by one request at most
   */
  constructor(seed: string, rows: number) {
    this.#random = seededRandom(`${seed} hostile requests`);
    this.#freshId = rows;
  }

  /** A number from 0 up to 1, without 1. */
  fraction(): number {
    return this.#random();
  }

  /** A whole number from 0 up to the bound, without the bound. */
  below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  /** One of some values. */
  of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)]!;
  }

  /** A record that no other request changes. */
  ownId(): number {
    return this.#freshId--;
  }
}
