import type { EntityManager, EntitySchema } from '@mikro-orm/postgresql';
import { ColumnNotEnforcedError } from 'online-migration';
import type { LargeRecord, LargeRecordChange, NewLargeRecord } from './mappings.ts';
import type { StoredTimestampType } from './timestamp-types.ts';
import { type PreparedStatement, preparedStatement } from './prepared-statements.ts';

/** A row by column name, as PostgreSQL returns it. */
export type StoredRow = Readonly<Record<string, string | null>>;

/** The columns of every answer. With `*`, a renamed column would be missing without an error. */
const ALL: (keyof LargeRecord)[] = ['id', 'name', 'createdAt'];

/** The properties that a client may set, in the order of the statements' values. */
const SETTABLE = ['name', 'createdAt'] as const;

/**
 * The statements for one mapping. They are built once: the ORM takes longer to build one than PostgreSQL takes to run
 * it.
 */
export class Statements {
  /** Values: the last id of the previous page, the number of records. */
  readonly list: PreparedStatement;
  /** Value: id. */
  readonly find: PreparedStatement;
  /** Values: name, created_at. */
  readonly insert: PreparedStatement;
  /** Value: id. */
  readonly remove: PreparedStatement;
  readonly #updates: ReadonlyMap<string, PreparedStatement>;
  readonly #column: string;
  readonly #type: StoredTimestampType;

  /**
   * @param em builds the queries
   * @param mapping the mapping to build them for
   */
  constructor(em: EntityManager, mapping: EntitySchema<LargeRecord>) {
    // Placeholders: only the positions of the values matter.
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
    this.#type = property.customType as StoredTimestampType;
  }

  /**
   * @param change contains at least one field
   * @returns the statement that sets these fields. Values: those of {@link toValues}, then the id
   */
  update(change: LargeRecordChange): PreparedStatement {
    const properties = SETTABLE.filter((property) => change[property] !== undefined).join();
    const statement = this.#updates.get(properties);
    if (statement === undefined)
      throw new Error('A change of a record gives its name, its created_at or both.');
    return statement;
  }

  /** @returns the given fields of name and created_at, in this order, converted for the columns */
  toValues({ name, createdAt }: LargeRecordChange): string[] {
    const values = [];
    if (name !== undefined) values.push(name);
    if (createdAt !== undefined) values.push(this.#type.convertToDatabaseValue(createdAt));
    return values;
  }

  /**
   * @returns the record of a row
   * @throws ColumnNotEnforcedError if the row has no timestamp
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
