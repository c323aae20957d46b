import type { MeasuredRun } from '../bench/measured-run.ts';
import type { ApiExperience } from '../bench/under-load.ts';
import type { Machine } from '../harness/machine.ts';
import type { LoadRate } from '../harness/open-load.ts';
import type { CopyOutcome } from './sequential-copy.ts';
import type { SuiteName } from './suites.ts';

/** The memory of a suite's server. */
export interface Memory {
  /** Of the server and its page cache; null if it was not limited. */
  readonly limitBytes: number | null;
  /** Most that they used after the seeding and the limit; null if it was not measured. */
  readonly peakBytes: number | null;
  readonly sharedBuffersBytes: number;
  /** The reason if the suite wanted a limit that this machine does not allow. */
  readonly notLimitedReason: string | null;
}

/** Reads and writes of relations that the server asked the system for, in bytes. Its page cache may answer them. */
export interface ServerIo {
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** The measurements on one table. */
export interface SuiteResult extends CopyOutcome {
  readonly suite: SuiteName;
  readonly rows: number;
  readonly heapBytes: number;
  readonly toastBytes: number;
  readonly memory: Memory;
  /** The API's capacity, and the load, which is a share of it. */
  readonly load: LoadRate & { readonly capacityPerSecond: number };
  /** The API's requests without a migration. */
  readonly idle: ApiExperience;
  /** The backfill without a load. Its WAL and `io` include the checkpoint afterwards. */
  readonly alone: MeasuredRun;
  /** Duration of a checkpoint right after it, which writes the rest of its pages. */
  readonly checkpointSeconds: number;
  readonly io: ServerIo;
  /** The backfill under load. */
  readonly loaded: MeasuredRun;
}

/** The measurements and their circumstances. */
export interface LargeResult {
  /** The option's value. */
  readonly rows: number;
  readonly workers: number;
  readonly seed: number;
  /** Start time, ISO 8601. */
  readonly began: string;
  /** Total duration. */
  readonly seconds: number;
  readonly machine: Machine;
  /** The relevant server settings by name, without `shared_buffers`, which each suite has its own of. */
  readonly settings: Readonly<Record<string, string>>;
  readonly suites: readonly SuiteResult[];
}
