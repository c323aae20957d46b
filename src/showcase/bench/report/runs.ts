import type { BenchResult } from '../bench-result.ts';
import type { MeasuredRun } from '../measured-run.ts';
import type { Method, MethodName, Variant } from '../methods/method.ts';
import { METHODS, methodNamed } from '../methods/methods.ts';

/** A run without the load on a table of a given size; undefined if it was not measured. */
export function aloneRun(
  { rows, runs }: BenchResult,
  name: MethodName,
  variant: Variant,
  size: number = rows,
): MeasuredRun | undefined {
  return runs.find(
    (run) => run.method === name && run.variant === variant && run.api === null && run.rows === size,
  );
}

/** The run beside the API; undefined if it was not measured. */
export function loadedRun(
  { runs }: BenchResult,
  name: MethodName,
  variant: Variant,
): MeasuredRun | undefined {
  return runs.find((run) => run.method === name && run.variant === variant && run.api !== null);
}

/** The variant that loses no write. */
export function safeVariant({ variants }: Method): Variant {
  return variants.includes('kept') ? 'kept' : 'published';
}

/** The rows with a wrong value after the run. */
export function wrongRows({ ledger }: MeasuredRun): number {
  return ledger.missing + ledger.different;
}

/** The measured methods that ran on a table of a given size without the load, in the order of the report. */
export function methodsOn({ runs }: BenchResult, size: number): Method[] {
  return METHODS.filter(({ name }) =>
    runs.some((run) => run.method === name && run.api === null && run.rows === size),
  );
}

/** The runs of this project's engine: by workers, without the load first, large tables first. */
export function engineRuns({ runs }: BenchResult): MeasuredRun[] {
  return runs
    .filter((run) => run.process !== null)
    .toSorted(
      (one, other) =>
        one.method.localeCompare(other.method) ||
        Number(one.api !== null) - Number(other.api !== null) ||
        other.rows - one.rows,
    );
}

/** The name of a run's method in a table. */
export function titleOf(run: MeasuredRun): string {
  return methodNamed(run.method).title;
}

/** Marks a figure of a run on fewer rows than the others. */
export const FEWER_ROWS = '¹';

/** Whether a run has fewer rows than the others; false without a run. */
export function isOnFewerRows(run: MeasuredRun | undefined, rows: number): boolean {
  return run !== undefined && run.rows < rows;
}

/** The greatest value; undefined if there is none. */
export function greatest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}
