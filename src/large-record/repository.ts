import type { EntityManager } from '@mikro-orm/postgresql';
import type { ActiveColumn, ColumnFollower, ReadReplica } from 'online-migration';
import type { LargeRecord, LargeRecordChange, NewLargeRecord } from './large-record.ts';
import { allMappings, type Mappings } from './mappings.ts';
import { type PreparedStatement, StatementRunner } from './prepared-statements.ts';
import { Statements, type StoredRow } from './statements.ts';

/** A server on which the table is, with what finds the active column there. */
export interface TableServer {
  /** Of its ORM, whose mappings and pool are used; statements leave no entities in it. */
  readonly em: EntityManager;
  readonly follower: Pick<ColumnFollower, 'run'>;
}

type RunningServer = TableServer & { readonly runner: StatementRunner };

/** What a repository may have beside its primary. */
interface RepositoryOptions {
  /** Another server, for reads, as long as that is of use. */
  readonly replica?: (TableServer & { readonly reads: ReadReplica }) | undefined;
  /** Those that the ORM has; an operation fails where the active column has none. */
  readonly mappings?: Mappings;
}

/** A statement and its values, built for the mapping that fits. */
type Query = (statements: Statements) => { statement: PreparedStatement; values: unknown[] };

/**
 * Reads and writes records through the mapping that fits the active column.
 *
 * 1. Each operation is one statement: it is done, or it has written nothing.
 * 2. The follower of the active column may therefore run it a second time, on another mapping, when the table has
 *    changed its shape under the first.
 */
export class LargeRecordRepository {
  readonly #primary: RunningServer;
  readonly #replica: (RunningServer & { readonly reads: ReadReplica }) | undefined;
  readonly #statements: ReadonlyMap<string, Statements>;

  constructor(primary: TableServer, { replica, mappings = allMappings }: RepositoryOptions = {}) {
    this.#primary = { ...primary, runner: new StatementRunner(primary.em) };
    this.#replica = replica && { ...replica, runner: new StatementRunner(replica.em) };
    this.#statements = new Map(
      Object.entries(mappings).map(([form, mapping]) => [form, new Statements(primary.em, mapping)]),
    );
  }

  /**
   * @param after records with a greater id than this are listed
   * @param limit greatest number of records
   * @returns the records, by id
   */
  list(after: bigint, limit: number): Promise<LargeRecord[]> {
    return this.#read(({ list }) => ({ statement: list, values: [after, limit] }));
  }

  /** @returns the record, or null if there is none of this id */
  async find(id: bigint): Promise<LargeRecord | null> {
    const records = await this.#read(
      ({ find }) => ({ statement: find, values: [id] }),
      // A record that has only just been made may not have come to the replica.
      (found) => found.length > 0,
    );
    return records[0] ?? null;
  }

  /** @returns the record as it is stored, with its id */
  async create(record: NewLargeRecord): Promise<LargeRecord> {
    const records = await this.#run(this.#primary, (statements) => ({
      statement: statements.insert,
      values: statements.toValues(record),
    }));
    return records[0]!;
  }

  /**
   * Changes what is given and leaves the rest as it is stored.
   *
   * @param id the record's
   * @param change gives at least one property
   * @returns the record as it is stored now, or null if there is none of this id
   */
  async update(id: bigint, change: LargeRecordChange): Promise<LargeRecord | null> {
    const records = await this.#run(this.#primary, (statements) => ({
      statement: statements.update(change),
      values: [...statements.toValues(change), id],
    }));
    return records[0] ?? null;
  }

  /** @returns whether there was a record of this id */
  remove(id: bigint): Promise<boolean> {
    const { follower, runner } = this.#primary;
    return follower.run(async (active) => {
      const { rowCount } = await runner.run(this.#statementsOn(active).remove, [id]);
      return rowCount === 1;
    });
  }

  #read(query: Query, suffices?: (records: LargeRecord[]) => boolean): Promise<LargeRecord[]> {
    const replica = this.#replica;
    const onPrimary = () => this.#run(this.#primary, query);
    if (replica === undefined) return onPrimary();
    return replica.reads.read(() => this.#run(replica, query), onPrimary, suffices);
  }

  #run({ follower, runner }: RunningServer, query: Query): Promise<LargeRecord[]> {
    return follower.run(async (active) => {
      const statements = this.#statementsOn(active);
      const { statement, values } = query(statements);
      const { rows } = await runner.run<StoredRow>(statement, values);
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
