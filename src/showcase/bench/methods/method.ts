import type { Connection } from '../../harness/connection.ts';

/** The names for `--methods`, in the order of the report. */
export const METHOD_NAMES = [
  'in-limit',
  'ranges-10000',
  'whole-table',
  'alter-type',
  'pgroll',
  'online-migrations',
  'gitlab',
  'engine-1',
  'engine-2',
] as const;

/** A name for `--methods`. */
export type MethodName = (typeof METHOD_NAMES)[number];

/**
 * How a method treats the application's writes.
 * - `published`: as guides describe it, without a trigger. A write during the method may be lost.
 * - `kept`: with a trigger that keeps both columns equal.
 */
export type Variant = 'published' | 'kept';

/** A way to convert the texts of `created_at` to timestamps. */
export interface Method {
  readonly name: MethodName;
  /** Its name in a table of results, in Markdown. */
  readonly title: string;
  /** The column with the timestamps afterwards. */
  readonly column: 'created_at' | 'created_at_new';
  /** Workers of this project's engine; null for other methods. */
  readonly workers: number | null;
  /** The variants that exist. A tool with a trigger has no variant without one. */
  readonly variants: readonly Variant[];
  /**
   * The method runs on all rows divided by this number. Methods that mostly wait for their own pauses take too long for
   * all rows, and their time per row does not depend on the number of rows.
   */
  readonly rowsDivisor: {
    /** Without a load. */
    readonly alone: number;
    readonly loaded: number;
  };
  /** Preparation that is not measured. */
  readonly prepare: (database: MethodDatabase, variant: Variant) => Promise<unknown>;
  readonly run: (database: MethodDatabase) => Promise<Outcome>;
}

/** Runs on all rows, with and without a load. */
export const ALL_ROWS = { alone: 1, loaded: 1 } as const;

/** A database with the table to change. */
export interface MethodDatabase {
  /** Contains the password: do not print it. */
  readonly url: string;
  readonly connection: Connection;
  /** Stops the method. */
  readonly signal: AbortSignal;
}

/** The result of a method. */
export interface Outcome {
  readonly seconds: number;
  readonly batches: number;
  readonly longestBatchMs: number;
  /** The process of `npx mikro-orm`, if the method uses one. */
  readonly process: {
    /** Total duration of the process. */
    readonly seconds: number;
    /** Peak resident memory; null if it could not be measured. */
    readonly peakMemoryBytes: number | null;
  } | null;
}
