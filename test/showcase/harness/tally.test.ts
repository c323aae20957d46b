import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Tally } from '../../../src/showcase/harness/tally.ts';

/** Counts a request that ends on demand. */
function beginRequest(tally: Tally) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const counted = tally.count(() => promise);
  return { counted, resolve, reject };
}

describe('Tally', () => {
  it('is empty without requests', () => {
    expect(new Tally().summary()).toEqual({ requests: 0, failed: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 });
  });

  it('waits for the requests that have begun', async () => {
    const tally = new Tally();
    const request = beginRequest(tally);
    let isSettled = false;
    const settled = tally.settled().then(() => (isSettled = true));
    await setImmediate();
    expect(isSettled).toBe(false);
    expect(tally.summary().requests).toBe(0);
    request.resolve();
    await settled;
    expect(tally.summary()).toMatchObject({ requests: 1, failed: 0 });
  });

  it('counts a request that throws as failed, keeps its message, and throws nothing itself', async () => {
    const tally = new Tally();
    const request = beginRequest(tally);
    request.reject(new Error('GET / was answered 500'));
    await request.counted;
    expect(tally.summary()).toMatchObject({ requests: 1, failed: 1 });
    expect(tally.failures).toEqual(['GET / was answered 500']);
  });

  it('keeps the first failures only', async () => {
    const tally = new Tally();
    for (let number = 1; number <= 100; number += 1) {
      await tally.count(() => Promise.reject(new Error(`failure ${number}`)));
    }
    expect(tally.summary()).toMatchObject({ requests: 100, failed: 100 });
    expect(tally.failures).toHaveLength(5);
    expect(tally.failures[0]).toBe('failure 1');
  });

  it('measures from the beginning to the end, in milliseconds', async () => {
    const tally = new Tally();
    const began = performance.now();
    const request = beginRequest(tally);
    const end = began + 50;
    while (performance.now() < end);
    request.resolve();
    await request.counted;
    const elapsed = performance.now() - began;
    const { p50Ms, p99Ms, maxMs } = tally.summary();
    for (const value of [p50Ms, p99Ms, maxMs]) {
      expect(value).toBeGreaterThan(49);
      expect(value).toBeLessThan(elapsed * 1.01);
    }
  });

  it('measures from the due time of a request', async () => {
    const tally = new Tally();
    await tally.count(async () => {}, performance.now() - 50);
    expect(tally.summary().p50Ms).toBeGreaterThan(49);
  });

  it('adds the requests of another', async () => {
    const [one, other] = [new Tally(), new Tally()];
    await one.count(async () => {});
    await other.count(() => Promise.reject(new Error('no')));
    one.add(other);
    expect(one.summary()).toMatchObject({ requests: 2, failed: 1 });
  });
});
