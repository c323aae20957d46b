import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Timeline } from '../../../src/showcase/harness/timeline.ts';

let now = 0;
beforeEach(() => {
  now = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const answered = async () => {};
const failed = async () => {
  throw new Error('no');
};

it('adds requests up in the piece in which they were answered, from its beginning on', async () => {
  const timeline = new Timeline();
  await timeline.request(answered);
  now = 5_000;
  timeline.begin();
  await timeline.request(answered);
  now = 5_099;
  await timeline.request(answered);
  now = 5_250;
  await expect(timeline.request(failed)).rejects.toThrow('no');
  now = 5_301;
  expect(timeline.record().pieces).toEqual([
    { served: 2, failed: 0 },
    { served: 0, failed: 0 },
    { served: 0, failed: 1 },
    { served: 0, failed: 0 },
  ]);
});

it('has the steps and the locks, including failed ones', async () => {
  const timeline = new Timeline();
  timeline.begin();
  const lock = { purpose: 'add column', mode: 'ACCESS EXCLUSIVE' };
  await timeline.step('expand', async () => {
    now = 20;
    timeline.released(lock, 5);
  });
  await expect(
    timeline.locked(lock, async () => {
      now = 50;
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(timeline.record()).toMatchObject({
    steps: [{ name: 'expand', beganMs: 0, endedMs: 20 }],
    locks: [
      { ...lock, beganMs: 15, endedMs: 20 },
      { ...lock, beganMs: 20, endedMs: 50 },
    ],
  });
});

it('has the longest time in which no request was served, and the sum of all gaps, up to the end', async () => {
  const timeline = new Timeline();
  now = 1_000;
  timeline.begin();
  const at = async (milliseconds: number, request: () => Promise<void>) => {
    now = 1_000 + milliseconds;
    await timeline.request(request).catch(() => undefined);
  };
  await at(100, answered);
  await at(400, answered);
  // A failed request counts as unserved.
  await at(500, failed);
  await at(1_400, answered);
  await at(1_550, answered);
  expect(timeline.record()).toMatchObject({ longestGapMs: 1_000, unservedMs: 1_300 });
  now = 1_000 + 4_550;
  expect(timeline.record()).toMatchObject({ longestGapMs: 3_000, unservedMs: 4_300 });
});
