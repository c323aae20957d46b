import type { Connection } from '../harness/connection.ts';

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
  /** The longest time that the table was closed to reads and writes; null if it never was. */
  readonly accessExclusiveMs: number | null;
  /** The process of `npx mikro-orm`, if the method uses one. */
  readonly process: {
    /** Total duration of the process. */
    readonly seconds: number;
    /** Peak resident memory; null if it could not be measured. */
    readonly peakMemoryBytes: number | null;
  } | null;
}
