import type { Emit } from '../../change/events.ts';
import type { Session } from '../../postgres/session.ts';
import type { Direction } from './fill.ts';
import type { Pass } from './stripes.ts';

/** Identifies a backfill. */
export interface BackfillIdentity {
  readonly direction: Direction;
  readonly names: {
    /** The name in the package's tables and in the events: of the change, or of the migration that fills a table. */
    readonly change: string;
    /** Schema and name, quoted. */
    readonly table: string;
  };
}

/** Some rows of a leaf: the rows of a pass in a span of heap blocks. */
export interface BatchRows extends Pass {
  /** Schema and name, quoted. */
  readonly leaf: string;
  readonly firstBlock: number;
  /** The block after the last one. */
  readonly endBlock: number;
}

/**
 * The rows that a backfill fills, and how it fills them. Ranges, batches, throttles and the sweep are the same for each kind of work: a
 * column change, and a fill of an ordinary migration.
 */
export interface BackfillWork extends BackfillIdentity {
  /** The alias of a row in the conditions, quoted. */
  readonly alias: string;
  /**
   * How many times the sweep reads the table at most. A sync trigger fills the new rows of a column change, so its sweep has an end;
   * new rows of another table may never stop to match.
   */
  readonly mostSweeps: number;
  /** Whether one pass over a range fills all of its rows. So few rows find room on their pages, and need no stripes. */
  readonly isOnePass: boolean;
  /** Reports once how the table's triggers are treated. */
  report(session: Session, emit: Emit): Promise<void>;
  /** Prepares a session for batches; also called again before each range. */
  prepare(session: Session): Promise<void>;
  /**
   * Fills the rows of a batch in one transaction with its checkpoint.
   * @param session has a lock timeout far below `deadlock_timeout`
   * @param checkpoint writes the checkpoint; receives the number of rows filled
   * @returns the number of rows filled
   * @throws the database's error if other sessions hold the whole table
   */
  fillBatch(
    session: Session,
    batch: BatchRows,
    checkpoint: (rowsFilled: number) => Promise<void>,
  ): Promise<number>;
  /** A condition on a row with the alias: it is to be filled. */
  isUnfilled(): string;
  /**
   * Fills rows that the ranges have left, without those that other sessions have locked.
   * @param leaf schema and name, quoted
   * @param tids the rows, as `ctid` texts
   * @returns how many rows are no longer unfilled
   */
  settle(session: Session, leaf: string, tids: readonly string[]): Promise<number>;
  /**
   * Called when none of the rows could be filled.
   * @throws BackfillError if one of them is not locked, and its update has no effect
   */
  refuseWithoutEffect(session: Session, leaf: string, tids: readonly string[]): Promise<void>;
}
