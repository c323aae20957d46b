import type { EntityManager } from '@mikro-orm/postgresql';
import type { ActiveColumn, ColumnFollower, ReadReplica } from 'online-migration';
import {
  allMappings,
  type LargeRecord,
  type LargeRecordChange,
  type Mappings,
  type NewLargeRecord,
} from './mappings.ts';
import { type PreparedStatement, StatementRunner } from './prepared-statements.ts';
import { Statements, type StoredRow } from './statements.ts';

/** A database server, and the follower of its active column. */
export interface TableServer {
  /** Supplies the mappings and the pool. Statements leave no entities in it. */
  readonly em: EntityManager;
  readonly follower: Pick<ColumnFollower, 'run'>;
}

type RunningServer = TableServer & { readonly runner: StatementRunner };

/** Optional settings of a repository. */
interface RepositoryOptions {
  /** A replica for reads. */
  readonly replica?: (TableServer & { readonly reads: ReadReplica }) | undefined;
  /** The mappings that the ORM knows. If the active column has no mapping, an operation fails. */
  readonly mappings?: Mappings;
}

/** Builds a statement and its values for the active mapping. */
type Query = (statements: Statements) => { statement: PreparedStatement; values: unknown[] };

/**
 * Reads and writes records through the mapping of the active column.
 *
 * 1. Each operation is a single statement, so a failed operation has written nothing.
 * 2. If the column has changed meanwhile, the follower can therefore run the operation again on another mapping.
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
   * @param after lists records whose id is greater
   * @param limit greatest number of records
   * @returns the records, ordered by id
   */
  list(after: bigint, limit: number): Promise<LargeRecord[]> {
    return this.#read(({ list }) => ({ statement: list, values: [after, limit] }));
  }

  /** @returns the record, or null if the id does not exist */
  async find(id: bigint): Promise<LargeRecord | null> {
    const records = await this.#read(
      ({ find }) => ({ statement: find, values: [id] }),
      // A new record may not have reached the replica yet.
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
   * Updates the given fields.
   *
   * @param id of the record
   * @param change contains at least one field
   * @returns the record as stored now, or null if the id does not exist
   */
  async update(id: bigint, change: LargeRecordChange): Promise<LargeRecord | null> {
    const records = await this.#run(this.#primary, (statements) => ({
      statement: statements.update(change),
      values: [...statements.toValues(change), id],
    }));
    return records[0] ?? null;
  }

  /** @returns whether the record existed */
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
      `The active column is ${name}, in a form (${form}) that this version of the application does not know. ` +
        `See docs/how-it-works.md for the versions that are compatible with each stage.`,
    );
  }
}
