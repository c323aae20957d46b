import type { Machine } from '../harness/machine.ts';
import type { LoadRate } from '../harness/open-load.ts';
import type { LockTime } from './lock-times.ts';
import type { MeasuredRun } from './measured-run.ts';
import type { MethodName } from './methods.ts';
import type { ApiExperience } from './under-load.ts';

/** What was measured, and on what. */
export interface BenchResult {
  readonly rows: number;
  /** Those that were chosen, in the order of the report. */
  readonly methods: readonly MethodName[];
  /** How many times the locks were measured. */
  readonly repetitions: number;
  /** Of the order, and of the load's random choices. */
  readonly seed: number;
  /** When it began, ISO 8601. */
  readonly began: string;
  /** How long all of it took. */
  readonly seconds: number;
  readonly machine: Machine;
  /** The server's settings that count here, by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** What the API can serve, and the load, which is a share of that. */
  readonly load: LoadRate & { readonly capacityPerSecond: number };
  /** What the API's requests met without any migration. */
  readonly idle: ApiExperience;
  /** The methods on the whole table, in the order in which they ran. */
  readonly runs: readonly MeasuredRun[];
  /** The engine on a part of the rows, without a load. */
  readonly smallRuns: readonly MeasuredRun[];
  /** On a small part of the rows, and on all. */
  readonly locks: readonly LockTime[];
}
