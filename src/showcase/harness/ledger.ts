import { formatTimestamp } from '../../large-record/timestamp.ts';
import { seededRecord } from '../../large-record/seeding.ts';

/** A record as the API answers it. */
export interface AnsweredRecord {
  readonly id: number;
  readonly name: string;
  readonly created_at: string;
}

/**
 * What the database must hold: the value of each record's last acknowledged write, and the seeded value of each record
 * that was never written. Writes of one record must follow each other, or nobody could tell which one is the last.
 */
export class Ledger {
  /** Records that were there before the first write; their ids and their numbers are the same. */
  readonly seededRows: number;
  readonly #written = new Map<number, AnsweredRecord>();
  readonly #doubtful = new Set<number>();
  #acknowledged = 0;

  /** @param seededRows number of records that are there at the start, with ids from 1 on */
  constructor(seededRows: number) {
    this.seededRows = seededRows;
  }

  /** Number of writes that were acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The records that were written, as their last write left them, without the doubtful ones. */
  get written(): AnsweredRecord[] {
    return [...this.#written.values()].filter(({ id }) => !this.#doubtful.has(id));
  }

  /** Records of which nobody knows whether their last write was done. */
  get doubtful(): number[] {
    return [...this.#doubtful];
  }

  /** Notes a write that the API has acknowledged. */
  acknowledge(record: AnsweredRecord): void {
    this.#acknowledged += 1;
    this.#written.set(record.id, record);
  }

  /** Notes that a write of a record failed: it may have been done all the same. */
  doubt(id: number): void {
    this.#doubtful.add(id);
  }

  /** What a record must look like now; undefined where that is in doubt. */
  expected(id: number): AnsweredRecord | undefined {
    if (this.#doubtful.has(id)) return undefined;
    const written = this.#written.get(id);
    if (written || id > this.seededRows) return written;
    const { name, createdAt } = seededRecord(id);
    return { id, name, created_at: formatTimestamp(createdAt) };
  }
}
