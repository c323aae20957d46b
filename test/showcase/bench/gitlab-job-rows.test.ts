import { describe, expect, it } from '@jest/globals';
import { nextJobRows } from '../../../src/showcase/bench/methods/gitlab-job-rows.ts';

const twenty = (efficiency: number) => Array.from({ length: 20 }, () => efficiency);

describe('the rows of GitLab’s next job', () => {
  it.each([
    ['stay for the first 19 jobs', 1_000, twenty(0.01).slice(1), 1_000],
    ['grow by a fifth at most', 1_000, twenty(0.01), 1_200],
    ['grow towards the interval', 100_000, twenty(0.85), 111_764],
    ['stay within the wanted range', 100_000, twenty(0.92), 100_000],
    ['fall after long jobs', 100_000, twenty(1.9), 50_000],
    ['follow the last jobs most', 100_000, [...twenty(0.1), 1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9], 50_802],
    ['never are fewer than 1,000', 1_000, twenty(10), 1_000],
    ['never are more than 2,000,000', 1_900_000, twenty(0.1), 2_000_000],
  ] as [string, number, number[], number][])('%s', (_what, rows, efficiencies, next) => {
    expect(nextJobRows(rows, efficiencies)).toBe(next);
  });
});
