import type { ColumnChange, Queryable } from './column-change.ts';
import { readTableShape, type TableShape } from './table-shape.ts';

/** Where the application finds the value now. */
export interface ActiveColumn {
  /** Which of the three mappings fits: the old column, the new one under its interim name, the new one renamed. */
  readonly form: 'old' | 'new' | 'renamed';
  /** The column's name in the table. */
  readonly name: string;
}

/**
 * SQLSTATEs that say that the table no longer looks as a query supposed: undefined column, undefined table, datatype
 * mismatch, and "cached plan must not change result type".
 */
const OUTDATED_SHAPE_CODES = new Set(['42703', '42P01', '42804', '0A000']);

/**
 * The column that was taken for the active one has no value in a row: it is no longer enforced, so another one is
 * active. Thrown by a unit of work, it makes the follower look again.
 */
export class ColumnNotEnforcedError extends Error {
  override readonly name = 'ColumnNotEnforcedError';
  readonly code = '42804';
}

/**
 * Lets every unit of work use the column that is active, across every move up and down.
 *
 * 1. The first unit of work reads the active column from the catalog; later ones use what was read.
 * 2. A unit of work that fails because the table changed its shape reads the catalog anew
 * 3. and runs again from the start, once. The statement that failed has written nothing.
 */
export class ActiveColumnFollower {
  readonly #change: ColumnChange;
  readonly #database: Queryable;
  #active: Promise<ActiveColumn> | undefined;

  /**
   * @param change the declared change
   * @param database runs the catalog query; a pool, so that it does not wait for a transaction in progress
   */
  constructor(change: ColumnChange, database: Queryable) {
    this.#change = change;
    this.#database = database;
  }

  /**
   * The active column as it was last read; the first call reads it.
   * @throws TableNotReadyError where the table does not exist
   */
  async current(): Promise<ActiveColumn> {
    return (this.#active ??= this.#read());
  }

  /**
   * Runs a unit of work on the active column; it may run twice, so it must begin with nothing done.
   * @param unit receives the active column; must throw the database's error, with its `code`, as it came
   * @returns what the unit returns
   * @throws what the unit throws, the second time, or at once where it is no matter of the table's shape
   */
  async run<T>(unit: (active: ActiveColumn) => Promise<T>): Promise<T> {
    const reading = (this.#active ??= this.#read());
    const active = await reading;
    try {
      return await unit(active);
    } catch (error) {
      if (!isOutdatedShape(error)) throw error;
      // Another unit of work may have read anew meanwhile: its reading is fresh enough.
      if (this.#active === reading) this.#active = this.#read();
      return unit(await this.current());
    }
  }

  #read(): Promise<ActiveColumn> {
    const reading = readTableShape(this.#database, this.#change).then((shape) =>
      activeColumnOf(shape, this.#change),
    );
    // A reading that failed must not be the answer for all that come later.
    reading.catch(() => {
      if (this.#active === reading) this.#active = undefined;
    });
    return reading;
  }
}

/** Which column a table of this shape asks the application to use. */
export function activeColumnOf(shape: TableShape, change: ColumnChange): ActiveColumn {
  const newIsTrusted = shape.newColumn !== null && (shape.oldColumn === null || shape.newColumn.notNull);
  if (newIsTrusted) return { form: 'new', name: change.newColumn.name };
  return { form: shape.oldColumn?.isNewType ? 'renamed' : 'old', name: change.oldColumn.name };
}

function isOutdatedShape(error: unknown): boolean {
  return error instanceof Error && 'code' in error && OUTDATED_SHAPE_CODES.has(String(error.code));
}
