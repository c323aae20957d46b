import type { EntityManager, QueryResult } from '@mikro-orm/postgresql';
import type { ActiveColumnFollower } from '../online-migration/active-column-follower.ts';
import type { ActiveColumn } from '../online-migration/active-column.ts';
import type { LargeRecord, LargeRecordChange, NewLargeRecord } from './large-record.ts';
import { allMappings, type Mappings } from './mappings.ts';
import { Statements, type StoredRow } from './statements.ts';

/** Lets a unit of work use the active column, as an `ActiveColumnFollower` does. */
export type UnitRunner = Pick<ActiveColumnFollower, 'run'>;

/**
 * Reads and writes records through the mapping that fits the active column.
 *
 * 1. Each operation is one statement: it is done, or it has written nothing.
 * 2. The follower of the active column may therefore run it a second time, on another mapping, when the table has
 *    changed its shape under the first.
 */
export class LargeRecordRepository {
  readonly #em: EntityManager;
  readonly #follower: UnitRunner;
  readonly #statements: ReadonlyMap<string, Statements>;

  /**
   * @param em the ORM's global entity manager: statements leave no entities in it, so an attempt needs no fork
   * @param follower knows the active column
   * @param mappings those that the ORM has; an operation fails where the active column has none
   */
  constructor(em: EntityManager, follower: UnitRunner, mappings: Mappings = allMappings) {
    this.#em = em;
    this.#follower = follower;
    this.#statements = new Map(
      Object.entries(mappings).map(([form, mapping]) => [form, new Statements(em, mapping)]),
    );
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
    return this.#follower.run(async (active) => {
      const { affectedRows } = await this.#em
        .fork()
        .execute<QueryResult>(this.#statementsOn(active).remove, [id], 'run');
      return affectedRows > 0;
    });
  }

  #records(query: (statements: Statements) => { sql: string; values: unknown[] }): Promise<LargeRecord[]> {
    return this.#follower.run(async (active) => {
      const statements = this.#statementsOn(active);
      const { sql, values } = query(statements);
      const rows = await this.#em.execute<StoredRow[]>(sql, values);
      return rows.map((row) => statements.toRecord(row));
    });
  }

  #statementsOn({ form, name }: ActiveColumn): Statements {
    const statements = this.#statements.get(form);
    if (statements !== undefined) return statements;
    throw new Error(
      `The active column is ${name}, in a form (${form}) that this version of the application does not know: ` +
        `docs/how-it-works.md says which versions may run at which stage.`,
    );
  }
}
