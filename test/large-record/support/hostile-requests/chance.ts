import { seededRandom } from '../../../support/seeded-random.ts';

/** The random choices of a run, and the records that it may change. */
export class Chance {
  readonly #random: () => number;
  #freshId: number;

  /**
   * @param seed of the choices
   * @param rows number of records, with ids from 1; each is changed by at most one request
   */
  constructor(seed: string, rows: number) {
    this.#random = seededRandom(`${seed} hostile requests`);
    this.#freshId = rows;
  }

  /** A number from 0 (inclusive) to 1 (exclusive). */
  fraction(): number {
    return this.#random();
  }

  /** A whole number from 0 (inclusive) to the bound (exclusive). */
  below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  /** One of the values. */
  of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)]!;
  }

  /** A record that no other request changes. */
  ownId(): number {
    return this.#freshId--;
  }
}
