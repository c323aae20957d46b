import { describe, expect, it } from '@jest/globals';
import type { LockHeld, OnlineMigrationEvent } from '../../../src/online-migration/change/events.ts';
import { batchesOf, lockHoldsOf } from '../../../src/showcase/harness/migration-events.ts';

const change = 'public.large_record.created_at';

function started(migration: string): OnlineMigrationEvent {
  return { type: 'migration-started', migration, direction: 'up', message: '' };
}

function held(purpose: string, heldMs: number): LockHeld {
  return { type: 'lock-held', change, purpose, table: 't', mode: 'ACCESS EXCLUSIVE', heldMs, message: '' };
}

function finished(batches: { count: number; longestMs: number } | null): OnlineMigrationEvent {
  return {
    type: 'backfill-finished',
    change,
    direction: 'forward',
    rows: 100_000,
    seconds: 1,
    batches,
    pauses: [],
    restedMs: 0,
    walBytes: 0,
    heapBytesBefore: 0,
    heapBytesAfter: 0,
    indexBytesBefore: 0,
    indexBytesAfter: 0,
    updates: 0,
    heapOnlyUpdates: 0,
    rejects: 0,
    message: '',
  };
}

describe('the events of a migration', () => {
  it('have each lock, its migration and its purpose', () => {
    expect(
      lockHoldsOf([
        started('0003_backfill_large_record_created_at'),
        started('0004_enforce_large_record_created_at'),
        held('enforce: add the not-null check', 2.7),
        held('enforce: set not null', 11.3),
        started('0006_rename_large_record_created_at'),
        held('rename', 12),
      ]),
    ).toEqual([
      { migration: '0004', purpose: 'enforce: add the not-null check', heldMs: 2.7 },
      { migration: '0004', purpose: 'enforce: set not null', heldMs: 11.3 },
      { migration: '0006', purpose: 'rename', heldMs: 12 },
    ]);
  });

  it('have the batches of the backfill', () => {
    const batches = { count: 1_024, longestMs: 1_088 };
    expect(batchesOf([started('0003_backfill'), finished(batches)])).toEqual(batches);
  });

  it.each([
    ['without a backfill', []],
    ['of a backfill by worker processes', [finished(null)]],
  ])('%s have no batches, which is an error', (_what, events) => {
    expect(() => batchesOf([started('0003_backfill'), ...events])).toThrow(
      /^The run has no event with the batches of a backfill\. Its events: migration-started/,
    );
  });
});
