import type { Connection } from '../harness/connection.ts';

/** A database with the table to change. */
export interface MethodDatabase {
  /** With the password: not for printing. */
  readonly url: string;
  readonly connection: Connection;
  /** Ends the method. */
  readonly signal: AbortSignal;
}

/** What a method did. */
export interface Outcome {
  readonly seconds: number;
  readonly batches: number;
  readonly longestBatchMs: number;
  /** The longest that the whole table was closed to reads and writes; null if it never was. */
  readonly accessExclusiveMs: number | null;
  /** The process of `npx mikro-orm`, for the methods that are one. */
  readonly process: {
    /** From its start to its end. */
    readonly seconds: number;
    /** The most memory that it had resident; null if nobody could measure it. */
    readonly peakMemoryBytes: number | null;
  } | null;
}
