import { describe, expect, it } from '@jest/globals';
import { NiceRatio } from '../../../src/online-migration/backfill/throttle/nice-ratio.ts';

/** A nice ratio after many looks that have counted so many busy sessions. */
function after(sessions: number): NiceRatio {
  const nice = new NiceRatio();
  for (let look = 0; look < 100; look++) nice.observe(sessions);
  return nice;
}

describe('the nice ratio of a backfill', () => {
  it('leaves batches as they are, and rests never, beside nobody', () => {
    const nice = after(0);
    expect([nice.shorten(100), nice.takeRest(100), nice.restedMs]).toEqual([100, 0, 0]);
  });

  it('makes batches a quarter as long beside a busy server, and rests twice as long as they last', () => {
    const nice = after(8);
    expect([nice.shorten(100), nice.takeRest(30), nice.takeRest(20), nice.restedMs]).toEqual([
      25, 60, 40, 100,
    ]);
  });

  it('does a part of it where others are busy now and then', () => {
    const nice = after(0.125);
    expect(nice.shorten(100)).toBeCloseTo(62.5, 0);
    expect(nice.takeRest(100)).toBeCloseTo(100, 0);
  });

  it('needs more than one look to believe that others are busy', () => {
    const nice = new NiceRatio();
    nice.observe(1);
    expect(nice.takeRest(100)).toBeLessThan(100);
  });
});
