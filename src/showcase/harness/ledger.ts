import { formatTimestamp } from '../../large-record/timestamp.ts';
import { seededRecord } from '../../large-record/seeding.ts';

/** A record in the API's format. */
export interface AnsweredRecord {
  readonly id: number;
  readonly name: string;
  readonly created_at: string;
}

/**
 * The expected contents of the database: the last acknowledged value of each written record, and the seeded value of
 * all others. Writes of one record must be sequential; otherwise the last one would be unknown.
 */
export class Ledger {
  /** Number of records before the first write. Their ids and numbers are equal. */
  readonly seededRows: number;
  readonly #written = new Map<number, AnsweredRecord>();
  readonly #doubtful = new Set<number>();
  #acknowledged = 0;

  /** @param seededRows number of records at the start, with ids from 1 */
  constructor(seededRows: number) {
    this.seededRows = seededRows;
  }

  /** Number of acknowledged writes. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The written records with their last values, without the doubtful ones. */
  get written(): AnsweredRecord[] {
    return [...this.#written.values()].filter(({ id }) => !this.#doubtful.has(id));
  }

  /** Records whose last write may or may not have been done. */
  get doubtful(): number[] {
    return [...this.#doubtful];
  }

  /** Records an acknowledged write. */
  acknowledge(record: AnsweredRecord): void {
    this.#acknowledged += 1;
    this.#written.set(record.id, record);
  }

  /** Records a failed write, which may still have been done. */
  doubt(id: number): void {
    this.#doubtful.add(id);
  }

  /** The expected value of a record; undefined if it is in doubt. */
  expected(id: number): AnsweredRecord | undefined {
    if (this.#doubtful.has(id)) return undefined;
    const written = this.#written.get(id);
    if (written || id > this.seededRows) return written;
    const { name, createdAt } = seededRecord(id);
    return { id, name, created_at: formatTimestamp(createdAt) };
  }
}
