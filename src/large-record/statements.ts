import type { EntityManager, EntitySchema } from '@mikro-orm/postgresql';
import { ColumnNotEnforcedError } from '../online-migration/follow/active-column.ts';
import type { LargeRecord, LargeRecordChange, NewLargeRecord } from './large-record.ts';
import type { StoredMomentType } from './timestamp-types.ts';
import { type PreparedStatement, preparedStatement } from './prepared-statements.ts';

/** A row as PostgreSQL returns it, by the names of its columns. */
export type StoredRow = Readonly<Record<string, string | null>>;

/** The properties of every answer, listed: under `*` a column that was renamed would be missing without an error. */
const ALL: (keyof LargeRecord)[] = ['id', 'name', 'createdAt'];

/** The properties that a client may set, in the order in which statements take their values. */
const SETTABLE = ['name', 'createdAt'] as const;

/**
 * The statements on one mapping of the table. They are built once, because the ORM takes longer to build one than
 * PostgreSQL to run it.
 */
export class Statements {
  /** Values: the id to begin after, the number of records. */
  readonly list: PreparedStatement;
  /** Value: id. */
  readonly find: PreparedStatement;
  /** Values: name, created_at. */
  readonly insert: PreparedStatement;
  /** Value: id. */
  readonly remove: PreparedStatement;
  readonly #updates: ReadonlyMap<string, PreparedStatement>;
  readonly #column: string;
  readonly #type: StoredMomentType;

  /**
   * @param em the ORM's builder of queries
   * @param mapping the one that fits the active column
   */
  constructor(em: EntityManager, mapping: EntitySchema<LargeRecord>) {
    // Stand in for the values, of which only the places remain.
    const id = 0n;
    const name = '';
    const createdAt = new Date(0);
    const query = () => em.createQueryBuilder(mapping);
    const update = (data: Partial<NewLargeRecord>) =>
      preparedStatement(query().update(data).where({ id }).returning(ALL).getQuery());

    const page = query()
      .select(ALL)
      .where({ id: { $gt: id } })
      .orderBy({ id: 'asc' })
      .limit(1);
    this.list = preparedStatement(page.getQuery());
    this.find = preparedStatement(query().select(ALL).where({ id }).getQuery());
    this.insert = preparedStatement(query().insert({ name, createdAt }).returning(ALL).getQuery());
    this.remove = preparedStatement(query().delete({ id }).getQuery());
    this.#updates = new Map([
      ['name', update({ name })],
      ['createdAt', update({ createdAt })],
      ['name,createdAt', update({ name, createdAt })],
    ]);
    const property = em.getMetadata(mapping).properties.createdAt;
    this.#column = property.fieldNames[0]!;
    this.#type = property.customType as StoredMomentType;
  }

  /**
   * @param change gives at least one property
   * @returns the statement that sets these properties and leaves the others as they are stored. Values: those of
   *   {@link toValues}, id
   */
  update(change: LargeRecordChange): PreparedStatement {
    const properties = SETTABLE.filter((property) => change[property] !== undefined).join();
    const statement = this.#updates.get(properties);
    if (statement === undefined)
      throw new Error('A change of a record gives its name, its created_at or both.');
    return statement;
  }

  /**
   * @returns what is given of name and created_at, in this order, as the columns take it
   */
  toValues({ name, createdAt }: LargeRecordChange): string[] {
    const values = [];
    if (name !== undefined) values.push(name);
    if (createdAt !== undefined) values.push(this.#type.convertToDatabaseValue(createdAt));
    return values;
  }

  /**
   * @returns the record that a row of these statements holds
   * @throws ColumnNotEnforcedError if the row has no moment
   */
  toRecord(row: StoredRow): LargeRecord {
    const stored = row[this.#column];
    if (stored === null) throw new ColumnNotEnforcedError(this.#column);
    return {
      id: BigInt(row['id']!),
      name: row['name']!,
      createdAt: this.#type.convertToJSValue(stored!),
    };
  }
}
