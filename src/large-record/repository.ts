import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { ReadReplica } from 'online-migration';
import type { FollowedOrm } from 'online-migration/mikro-orm';
import { LargeRecord, type LargeRecordChange, type NewLargeRecord } from './large-record.ts';

/** Runs units of work on a server. */
type UnitRunner = Pick<FollowedOrm, 'run'>;

/** A replica for reads. */
interface Replica {
  readonly orm: UnitRunner;
  readonly reads: ReadReplica;
}

/** Reads and writes records. Each operation is one unit of work, and may run again. */
export class LargeRecordRepository {
  readonly #orm: UnitRunner;
  readonly #replica: Replica | undefined;

  constructor(orm: UnitRunner, replica?: Replica) {
    this.#orm = orm;
    this.#replica = replica;
  }

  /**
   * @param after lists records whose id is greater
   * @param limit greatest number of records
   * @returns the records, ordered by id
   */
  list(after: bigint, limit: number): Promise<LargeRecord[]> {
    return this.#read((em) =>
      em.find(LargeRecord, { id: { $gt: after } }, { orderBy: { id: 'asc' }, limit }),
    );
  }

  /** @returns the record, or null if the id does not exist */
  find(id: bigint): Promise<LargeRecord | null> {
    return this.#read(
      (em) => em.findOne(LargeRecord, id),
      // A new record may not have reached the replica yet.
      (record) => record !== null,
    );
  }

  /** @returns the record as it is stored, with its id */
  create(values: NewLargeRecord): Promise<LargeRecord> {
    return this.#orm.run(async (em) => {
      const record = em.create(LargeRecord, values);
      await em.flush();
      return record;
    });
  }

  /**
   * Updates the given fields.
   *
   * @returns the record as stored now, or null if the id does not exist
   */
  update(id: bigint, { name, createdAt }: LargeRecordChange): Promise<LargeRecord | null> {
    return this.#orm.run((em) =>
      em.transactional(async (transaction) => {
        const record = await transaction.findOne(LargeRecord, id, { lockMode: LockMode.PESSIMISTIC_WRITE });
        if (record === null) return null;
        if (name !== undefined) record.name = name;
        if (createdAt !== undefined) record.createdAt = createdAt;
        return record;
      }),
    );
  }

  /** @returns whether the record existed */
  async remove(id: bigint): Promise<boolean> {
    return (await this.#orm.run((em) => em.nativeDelete(LargeRecord, { id }))) === 1;
  }

  #read<T>(query: (em: EntityManager) => Promise<T>, suffices?: (answer: T) => boolean): Promise<T> {
    const onPrimary = () => this.#orm.run(query);
    if (this.#replica === undefined) return onPrimary();
    const { orm, reads } = this.#replica;
    return reads.read(() => orm.run(query), onPrimary, suffices);
  }
}
