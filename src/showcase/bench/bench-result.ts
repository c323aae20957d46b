import type { Machine } from '../harness/machine.ts';
import type { LoadRate } from '../harness/open-load.ts';
import type { LockTime } from './lock-times.ts';
import type { MeasuredRun } from './measured-run.ts';
import type { MethodName } from './methods/method.ts';
import type { PgrollResult } from './pgroll-command.ts';
import type { ApiExperience } from './under-load.ts';

/** The measurements and their circumstances. */
export interface BenchResult {
  readonly rows: number;
  /** The chosen methods, in the order of the report. */
  readonly methods: readonly MethodName[];
  /** Whether only some methods ran under load. */
  readonly isQuick: boolean;
  /** How many times the locks were measured; 0 if they were not. */
  readonly repetitions: number;
  /** Seed of the order and of the load's random choices. */
  readonly seed: number;
  /** Start time, ISO 8601. */
  readonly began: string;
  /** Total duration. */
  readonly seconds: number;
  readonly machine: Machine;
  /** The relevant server settings by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** The API's capacity, and the load, which is a share of it. */
  readonly load: LoadRate & { readonly capacityPerSecond: number };
  /** The API's latencies and failures without a migration. */
  readonly idle: ApiExperience;
  /** The runs of the methods on tables of several sizes, in the order in which they ran. */
  readonly runs: readonly MeasuredRun[];
  /** The real pgroll; null if none was measured. */
  readonly pgroll: PgrollResult | null;
  /** Locks on a small part of the rows and on all rows. */
  readonly locks: readonly LockTime[];
}
