import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { emitTo } from '../../../src/online-migration/change/emitter.ts';
import type { OnlineMigrationEvent } from '../../../src/online-migration/change/events.ts';

const event: OnlineMigrationEvent = { type: 'backfill-resumed', change: 'a', message: 'backfill: continues' };

let warnings: unknown[];

beforeEach(() => {
  warnings = [];
  jest.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(warning));
});
afterEach(() => {
  jest.restoreAllMocks();
});

it('a listener that throws becomes one warning, and the others receive every event', () => {
  const received: OnlineMigrationEvent[] = [];
  const emit = emitTo(
    () => {
      throw new Error('no');
    },
    (each) => received.push(each),
  );
  emit(event);
  emit(event);
  expect(received).toEqual([event, event]);
  expect(warnings).toEqual([
    expect.stringMatching(/^A listener of migration events failed; .* Error: no\n/s),
  ]);
});

it('the rejected promise of a listener becomes a warning', async () => {
  emitTo(() => Promise.reject(new Error('later')))(event);
  await new Promise(setImmediate);
  expect(warnings).toEqual([expect.stringContaining('Error: later')]);
});
