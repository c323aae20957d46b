import type { EntityManager, QueryResult } from '@mikro-orm/postgresql';
import type { ActiveColumnFollower } from '../online-migration/active-column-follower.ts';
import type { ActiveColumn } from '../online-migration/active-column.ts';
import type { LargeRecord, LargeRecordChange, NewLargeRecord } from './large-record.ts';
import { newColumnMapping, renamedMapping, textMapping } from './mappings.ts';
import { Statements, type StoredRow } from './statements.ts';

/**
 * Reads and writes records through the mapping that fits the active column.
 *
 * 1. Each operation is one statement: it is done, or it has written nothing.
 * 2. The follower of the active column may therefore run it a second time, on another mapping, when the table has
 *    changed its shape under the first.
 */
export class LargeRecordRepository {
  readonly #em: EntityManager;
  readonly #follower: ActiveColumnFollower;
  readonly #statements: Readonly<Record<ActiveColumn['form'], Statements>>;

  /**
   * @param em the ORM's global entity manager: statements leave no entities in it, so an attempt needs no fork
   * @param follower knows the active column
   */
  constructor(em: EntityManager, follower: ActiveColumnFollower) {
    this.#em = em;
    this.#follower = follower;
    this.#statements = {
      old: new Statements(em, textMapping),
      new: new Statements(em, newColumnMapping),
      renamed: new Statements(em, renamedMapping),
    };
  }

  /**
   * @param after records with a greater id than this are listed
   * @param limit greatest number of records
   * @returns the records, by id
   */
  list(after: bigint, limit: number): Promise<LargeRecord[]> {
    return this.#records(({ list }) => ({ sql: list, values: [after, limit] }));
  }

  /** @returns the record, or null where there is none of this id */
  async find(id: bigint): Promise<LargeRecord | null> {
    const records = await this.#records(({ find }) => ({ sql: find, values: [id] }));
    return records[0] ?? null;
  }

  /** @returns the record as it is stored, with its id */
  async create(record: NewLargeRecord): Promise<LargeRecord> {
    const records = await this.#records((statements) => ({
      sql: statements.insert,
      values: statements.toValues(record),
    }));
    return records[0]!;
  }

  /**
   * Changes what is given and leaves the rest as it is stored.
   *
   * @param id the record's
   * @param change gives at least one property
   * @returns the record as it is stored now, or null where there is none of this id
   */
  async update(id: bigint, change: LargeRecordChange): Promise<LargeRecord | null> {
    const records = await this.#records((statements) => ({
      sql: statements.update(change),
      values: [...statements.toValues(change), id],
    }));
    return records[0] ?? null;
  }

  /** @returns whether there was a record of this id */
  remove(id: bigint): Promise<boolean> {
    return this.#follower.run(async ({ form }) => {
      const { affectedRows } = await this.#em
        .fork()
        .execute<QueryResult>(this.#statements[form].remove, [id], 'run');
      return affectedRows > 0;
    });
  }

  #records(query: (statements: Statements) => { sql: string; values: unknown[] }): Promise<LargeRecord[]> {
    return this.#follower.run(async ({ form }) => {
      const statements = this.#statements[form];
      const { sql, values } = query(statements);
      const rows = await this.#em.execute<StoredRow[]>(sql, values);
      return rows.map((row) => statements.toRecord(row));
    });
  }
}
