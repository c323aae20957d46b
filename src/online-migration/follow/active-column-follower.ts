import { EventEmitter } from 'node:events';
import {
  type ActiveColumn,
  activeColumnOf,
  assertKnownColumn,
  ColumnNotEnforcedError,
  FORMS,
} from './active-column.ts';
import { mayBeMirrorName } from '../attachments/table-column.ts';
import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { readTableShape } from '../state/table-shape.ts';

/**
 * SQLSTATEs that say that the table no longer looks as a query supposed: undefined column, undefined table, datatype
 * mismatch, "cached plan must not change result type", and an `on conflict` for which there is no unique index.
 */
const OUTDATED_SHAPE_CODES = new Set(['42703', '42P01', '42804', '0A000', '42P10']);

/** What a follower tells. */
interface FollowerEvents {
  /** Another column is active than before. */
  switched: [active: ActiveColumn];
  /** The active column was read, whether or not it is another one. */
  read: [active: ActiveColumn];
  /** The active column could not be read. */
  readingFailed: [error: unknown];
  /** A unit of work met a table of another shape: the active column is read anew, and the unit runs again. */
  overtaken: [];
  /** {@link ActiveColumnFollower.formInUse} is another one. */
  formInUse: [form: ActiveColumn['form']];
}

/**
 * Lets every unit of work use the column that is active, across every move up and down.
 *
 * 1. The first unit of work reads the active column from the catalog; later ones use what was read last.
 * 2. Whoever learns that the table may have changed, by a notification, a poll or a failure, has it read anew.
 * 3. A unit of work that fails because the table changed its shape waits for such a reading and runs again from the
 *    start, once; and once more for each further move that it meets. The statement that failed has written nothing.
 * 4. While both columns have a unique index, `on conflict` names that of one column, and of two upserts of the same row one
 *    may fail on the index of the other. It runs again, once: the row is there now, and the upsert finds it.
 */
export class ActiveColumnFollower extends EventEmitter<FollowerEvents> {
  readonly #change: ChangedColumn;
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
   * @param pinned the column to stay on as long as it can be; without it the follower goes where the moves lead
   * @throws UnknownColumnError if the change has no such column
   */
  constructor(change: ChangedColumn, database: Queryable, pinned?: string) {
    super();
    if (pinned !== undefined) assertKnownColumn(change, pinned);
    this.#change = change;
    this.#database = database;
    this.#pinned = pinned;
    this.#formReported = this.formInUse;
  }

  /**
   * The active column as it was last read; the first call reads it.
   * @throws TableNotReadyError if the table does not exist
   */
  async current(): Promise<ActiveColumn> {
    return this.#active ?? this.refresh();
  }

  /** The active column as it was last read, undefined until something is known. */
  get latest(): ActiveColumn | undefined {
    return this.#active;
  }

  /**
   * The form that this process may still have a statement on: one that was active when units of work began that have not
   * ended, else that of the active column. `old` until something is known.
   */
  get formInUse(): ActiveColumn['form'] {
    const active = this.#active?.form ?? 'old';
    return FORMS.find((form) => form !== active && this.#units[form] > 0) ?? active;
  }

  /**
   * Reads the active column anew. Readings follow each other, so that an early one cannot overwrite a late one, and all
   * who ask while one is under way share the next.
   * @returns what a reading found that began after the call
   * @throws TableNotReadyError if the table does not exist; what was read before stays
   */
  refresh(): Promise<ActiveColumn> {
    this.#nextReading ??= this.#readAfter(this.#reading);
    return this.#nextReading;
  }

  /**
   * Runs a unit of work on the active column; it may run again, so it must begin with nothing done.
   * @param unit receives the active column; must throw the database's error, with its `code`, as it came
   * @returns what the unit returns
   * @throws what the unit throws: at once where it is no matter of the table's shape, else when it fails again on the
   *   same column, or has failed on as many as there are; a unique violation that may be of the other column, at the second
   */
  async run<T>(unit: (active: ActiveColumn) => Promise<T>): Promise<T> {
    let active = this.#active ?? (await this.refresh());
    let runs = 1;
    let hasMetTwin = false;
    for (;;) {
      try {
        return await this.#runOn(active, unit);
      } catch (error) {
        if (!hasMetTwin && mayBeOfTwinIndex(error, active)) {
          hasMetTwin = true;
          continue;
        }
        if (!isOutdatedShape(error) || runs === FORMS.length) throw error;
        this.emit('overtaken');
        const failedOn = active.form;
        active = await this.refresh();
        // Contract and rename may follow each other faster than a busy process comes to its second run.
        if (runs > 1 && active.form === failedOn) throw error;
        runs += 1;
      }
    }
  }

  async #runOn<T>(active: ActiveColumn, unit: (active: ActiveColumn) => Promise<T>): Promise<T> {
    this.#units[active.form] += 1;
    try {
      return await unit(active);
    } finally {
      this.#units[active.form] -= 1;
      this.#reportFormInUse();
    }
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

function isOutdatedShape(error: unknown): boolean {
  return error instanceof ColumnNotEnforcedError || OUTDATED_SHAPE_CODES.has(sqlState(error) ?? '');
}

/**
 * Whether a unique violation may come from the index that mirrors the one of the active column. The mirror has a name of its
 * own; on the new column the mirror is the active one, and its original has a name like any other.
 */
function mayBeOfTwinIndex(error: unknown, { form }: ActiveColumn): boolean {
  if (sqlState(error) !== SQLSTATE.uniqueViolation) return false;
  const { constraint } = error as { constraint?: string };
  return form === 'new' || (constraint !== undefined && mayBeMirrorName(constraint));
}
