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

  it('makes batches a third as long beside a busy server, and rests 1.6 times as long as they last', () => {
    const nice = after(8);
    expect(nice.shorten(90)).toBeCloseTo(30);
    expect([nice.takeRest(40), nice.takeRest(20), nice.restedMs]).toEqual([64, 32, 96]);
  });

  it('does a part of it where others are busy now and then', () => {
    const nice = after(0.125);
    expect(nice.shorten(100)).toBeCloseTo(66.7, 0);
    expect(nice.takeRest(100)).toBeCloseTo(80, 0);
  });

  it('needs more than one look to believe that others are busy', () => {
    const nice = new NiceRatio();
    nice.observe(1);
    expect(nice.takeRest(100)).toBeLessThan(100);
  });

  describe('if the latency of the API is known', () => {
    const IDLE_MS = 20;
    const CHECKS = 2_000;

    /** The rest after a batch of 100 ms, after many checks with a p99. */
    function restBeside(p99Ms: number, checks = CHECKS): number {
      const nice = after(8);
      nice.observeLatency(IDLE_MS, false);
      for (let check = 0; check < checks; check++) nice.observeLatency(p99Ms, false);
      return nice.takeRest(100);
    }

    it('rests longer while the p99 is twice as long as before, up to four times the batch', () => {
      expect(restBeside(2 * IDLE_MS, 10)).toBeGreaterThan(160);
      expect(restBeside(2 * IDLE_MS)).toBe(400);
    });

    it('rests less while the p99 is half as long again, down to a tenth of the batch', () => {
      expect(restBeside(1.5 * IDLE_MS, 10)).toBeLessThan(160);
      expect(restBeside(1.5 * IDLE_MS)).toBe(10);
    });

    it('does not rest less after a pause, nor after a time without other sessions', () => {
      const paused = after(8);
      for (let check = 0; check < CHECKS; check++) paused.observeLatency(IDLE_MS, true);
      expect(paused.takeRest(100)).toBe(160);
      const alone = after(0);
      for (let check = 0; check < CHECKS; check++) alone.observeLatency(IDLE_MS, false);
      for (let look = 0; look < 100; look++) alone.observe(8);
      expect(alone.takeRest(100)).toBe(160);
    });

    it('takes no notice of a p99 below 17 ms, nor of an API that does not tell it', () => {
      const nice = after(8);
      nice.observeLatency(1, false);
      for (let check = 0; check < CHECKS; check++) nice.observeLatency(16, false);
      expect(nice.takeRest(100)).toBe(10);
      const untold = after(8);
      for (let check = 0; check < CHECKS; check++) untold.observeLatency(Number.POSITIVE_INFINITY, false);
      expect(untold.takeRest(100)).toBe(160);
    });
  });
});
