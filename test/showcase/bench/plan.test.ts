import { describe, expect, it } from '@jest/globals';
import { estimateSentence } from '../../../src/showcase/bench/estimate-sentence.ts';
import { estimateSeconds } from '../../../src/showcase/bench/estimate.ts';
import type { MethodName } from '../../../src/showcase/bench/methods/method.ts';
import { methodNamed, METHODS } from '../../../src/showcase/bench/methods/methods.ts';
import { DEFAULT_ROWS, planRuns } from '../../../src/showcase/bench/plan.ts';

function planned(rows: number, names: readonly MethodName[], isQuick = false): string[] {
  return planRuns(rows, names.map(methodNamed), isQuick).map((run) =>
    [run.method.name, run.variant, run.rows, run.isLoaded ? 'loaded' : 'alone'].join(' '),
  );
}

describe('the plan of the bench', () => {
  it('has both variants of a recipe, and one of each other method', () => {
    expect(planned(1_000, ['in-limit', 'alter-type', 'engine-1'])).toEqual([
      'in-limit published 1000 alone',
      'in-limit published 1000 loaded',
      'in-limit kept 1000 alone',
      'in-limit kept 1000 loaded',
      'alter-type published 1000 alone',
      'alter-type published 1000 loaded',
      'engine-1 kept 1000 alone',
      'engine-1 kept 1000 loaded',
    ]);
  });

  it('runs methods that mostly wait on fewer rows, beside the engine on the same rows', () => {
    expect(planned(10_000_000, ['online-migrations', 'gitlab', 'engine-2'])).toEqual([
      'online-migrations kept 10000000 alone',
      'online-migrations kept 1000000 loaded',
      'gitlab kept 1000000 alone',
      'gitlab kept 1000000 loaded',
      'engine-2 kept 10000000 alone',
      'engine-2 kept 10000000 loaded',
      'engine-2 kept 1000000 alone',
    ]);
  });

  it('has few runs beside the API if it is quick', () => {
    expect(planned(1_000, ['whole-table', 'engine-1'], true)).toEqual([
      'whole-table published 1000 alone',
      'whole-table kept 1000 alone',
      'engine-1 kept 1000 alone',
      'engine-1 kept 1000 loaded',
    ]);
  });
});

const PGROLL = { binary: '/bin/pgroll', version: 'pgroll version 1' };

describe('the estimate of the bench', () => {
  const whole = {
    rows: 10_000_000,
    methods: METHODS,
    repetitions: 3,
    isQuick: false,
    pgroll: undefined,
  };

  it('is about the 46 minutes that a run of 10,000,000 rows with pgroll took', () => {
    const minutes = estimateSeconds({ ...whole, pgroll: PGROLL }) / 60;
    expect(minutes).toBeGreaterThan(44);
    expect(minutes).toBeLessThanOrEqual(48);
  });

  it.each([undefined, PGROLL])('is five minutes for the quick run with the pgroll %j', (pgroll) => {
    const quick = { ...whole, rows: DEFAULT_ROWS, repetitions: 0, isQuick: true, pgroll };
    expect(estimateSentence(estimateSeconds(quick))).toBe('Estimated duration: 5 minutes on two cores.');
  });

  it('counts each method, the locks and the real pgroll', () => {
    const few = { ...whole, methods: METHODS.slice(1) };
    expect(estimateSeconds(few)).toBeLessThan(estimateSeconds(whole));
    expect(estimateSeconds({ ...whole, repetitions: 5 })).toBeGreaterThan(estimateSeconds(whole));
    expect(estimateSeconds({ ...whole, pgroll: PGROLL })).toBeGreaterThan(estimateSeconds(whole));
  });
});
