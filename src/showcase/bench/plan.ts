import type { Method, MethodName, Variant } from './methods/method.ts';

/** Without `--rows`. With fewer rows, the second worker has too little to do to show its place in the order. */
export const DEFAULT_ROWS = 1_000_000;
/** Under load, `--quick` runs only these. */
const QUICK_LOADED: readonly MethodName[] = ['in-limit', 'ranges-10000', 'engine-1', 'engine-2'];

/** A run of a method that the benchmark will measure. */
export interface PlannedRun {
  readonly method: Method;
  readonly variant: Variant;
  /** Rows of its table. */
  readonly rows: number;
  readonly isLoaded: boolean;
}

/**
 * The runs of a benchmark: each variant of each method, with and without the load. The engine also runs without the load
 * on each smaller table of another method, to compare their times.
 *
 * @param rows of the table
 * @param isQuick whether only some methods run under load
 */
export function planRuns(rows: number, methods: readonly Method[], isQuick: boolean): PlannedRun[] {
  const runs = methods.flatMap((method) =>
    method.variants.flatMap((variant) =>
      [false, true]
        .filter((isLoaded) => !isLoaded || !isQuick || QUICK_LOADED.includes(method.name))
        .map((isLoaded) => ({ method, variant, rows: tableRows(rows, method, isLoaded), isLoaded })),
    ),
  );
  const smallTables = new Set(
    methods.map((method) => tableRows(rows, method, false)).filter((some) => some < rows),
  );
  const engines = methods.filter(({ workers }) => workers !== null);
  return [
    ...runs,
    ...[...smallTables].flatMap((some) =>
      engines.map((method) => ({ method, variant: 'kept' as const, rows: some, isLoaded: false })),
    ),
  ];
}

/** Rows of a method's table. */
function tableRows(rows: number, { rowsDivisor }: Method, isLoaded: boolean): number {
  return Math.round(rows / (isLoaded ? rowsDivisor.loaded : rowsDivisor.alone));
}
