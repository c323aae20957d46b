import { EventEmitter } from 'node:events';
import { type ActiveColumn, activeColumnOf, assertKnownColumn, FORMS } from './active-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { readTableShape } from '../state/table-shape.ts';
import { runOnActiveColumns } from './run-on-active-columns.ts';

/** Events of a follower. */
interface FollowerEvents {
  /** Another column became active. */
  switched: [active: ActiveColumn];
  /** The active column was read, whether it changed or not. */
  read: [active: ActiveColumn];
  /** The active column could not be read. */
  readingFailed: [error: unknown];
  /** A unit of work met a table of another shape: the active column is read again, and the unit runs again. */
  overtaken: [];
  /** {@link ActiveColumnFollower.formInUse} has changed. */
  formInUse: [form: ActiveColumn['form']];
}

/**
 * Lets every unit of work use the active column, across every phase up and down.
 *
 * 1. The first unit of work reads the active column from the catalog; later ones use the last reading.
 * 2. A notification, a poll or a failure starts another reading.
 * 3. If a unit of work fails because the table's shape changed, it waits for the reading and runs again from the
 *    start, once. It runs once more for each further phase that it meets. The failed statement has written nothing.
 * 4. While both columns have a unique index, `on conflict` names only one of them. If two upserts write the same row,
 *    one may fail on the other index, or the two may wait for each other until PostgreSQL ends one of them. It runs again,
 *    once. The row exists now, and the upsert finds it.
 */
export class ActiveColumnFollower extends EventEmitter<FollowerEvents> {
  readonly #change: ColumnChange;
  readonly #database: Queryable;
  readonly #pinned: string | undefined;
  readonly #units: Record<ActiveColumn['form'], number> = { old: 0, new: 0, renamed: 0 };
  #active: ActiveColumn | undefined;
  #formReported: ActiveColumn['form'];
  #reading: Promise<ActiveColumn> | undefined;
  #nextReading: Promise<ActiveColumn> | undefined;

  /**
   * @param change the declared change
   * @param database runs the catalog query; a pool, so that it does not wait for a transaction in progress
   * @param pinned the column to keep using as long as possible; by default the follower follows the phases
   * @throws UnknownColumnError if the change does not have the column
   */
  constructor(change: ColumnChange, database: Queryable, pinned?: string) {
    super();
    if (pinned !== undefined) assertKnownColumn(change, pinned);
    this.#change = change;
    this.#database = database;
    this.#pinned = pinned;
    this.#formReported = this.formInUse;
  }

  /**
   * The active column from the last reading; the first call reads it.
   * @throws TableNotReadyError if the table does not exist
   */
  async current(): Promise<ActiveColumn> {
    return this.#active ?? this.refresh();
  }

  /** The active column from the last reading; undefined before the first one. */
  get latest(): ActiveColumn | undefined {
    return this.#active;
  }

  /**
   * The earliest form on which this process may still run a statement. It is a form that was active when an
   * unfinished unit of work began, otherwise the form of the active column. `old` before the first reading.
   */
  get formInUse(): ActiveColumn['form'] {
    const active = this.#active?.form ?? 'old';
    return FORMS.find((form) => form !== active && this.#units[form] > 0) ?? active;
  }

  /**
   * Reads the active column again. Readings run one by one, so that an early one cannot overwrite a late
   * one. Calls during a reading share the next one.
   * @returns the result of a reading that began after the call
   * @throws TableNotReadyError if the table does not exist; the last reading remains valid
   */
  refresh(): Promise<ActiveColumn> {
    this.#nextReading ??= this.#readAfter(this.#reading);
    return this.#nextReading;
  }

  /**
   * Runs a unit of work on the active column. The unit may run again, so it must start from scratch.
   * @param unit receives the active column; must throw the database's error unchanged, with its `code`,
   *   or an error with that one as its `cause`
   * @returns the unit's result
   * @throws the unit's error: at once if the table's shape is not the cause, otherwise when the unit fails again on
   *   the same column or has failed on every column; a unique violation that may belong to the other column, after
   *   the second failure
   */
  async run<T>(unit: (active: ActiveColumn) => Promise<T>): Promise<T> {
    return runOnActiveColumns([this], ([active]) => unit(active!));
  }

  /** Marks a form as in use until the end of a unit of work. */
  use(form: ActiveColumn['form']): Disposable {
    this.#units[form] += 1;
    return {
      [Symbol.dispose]: () => {
        this.#units[form] -= 1;
        this.#reportFormInUse();
      },
    };
  }

  async #readAfter(earlier: Promise<ActiveColumn> | undefined): Promise<ActiveColumn> {
    await earlier?.catch(() => undefined);
    this.#reading = this.#nextReading;
    this.#nextReading = undefined;
    const before = this.#active;
    const active = await this.#read();
    this.#active = active;
    this.#reportFormInUse();
    this.emit('read', active);
    if (before !== undefined && before.form !== active.form) this.emit('switched', active);
    return active;
  }

  async #read(): Promise<ActiveColumn> {
    try {
      const shape = await readTableShape(this.#database, this.#change);
      return activeColumnOf(shape, this.#change, this.#pinned);
    } catch (error) {
      this.emit('readingFailed', error);
      throw error;
    }
  }

  #reportFormInUse(): void {
    if (this.#formReported === this.formInUse) return;
    this.#formReported = this.formInUse;
    this.emit('formInUse', this.#formReported);
  }
}
