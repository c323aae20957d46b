import { describe, expect, it } from '@jest/globals';
import type { OnlineMigrationEvent } from '../../../src/online-migration/change/events.ts';
import { migrateUpTo } from '../../../src/showcase/harness/migration-command.ts';
import { batchesOf, lockHoldsOf } from '../../../src/showcase/harness/migration-events.ts';
import { createLargeRecordTable } from '../../large-record/support/large-record-table.ts';
import { createTestDatabase } from '../../support/test-server.ts';

describe('migrateUpTo', () => {
  it('migrates, and fails with the output of the command', async () => {
    await using database = await createTestDatabase();
    const { signal } = new AbortController();
    const { events, seconds, peakMemoryBytes } = await migrateUpTo(database.url, '0001', signal);
    expect(events.map(({ type }) => type)).toEqual([
      'migration-started',
      'migration-planned',
      'migration-step',
      'migration-finished',
    ]);
    expect(seconds).toBeGreaterThan(0);
    expect(peakMemoryBytes === null).toBe(process.platform !== 'linux');
    await expect(migrateUpTo(database.url, '9999', signal)).rejects.toThrow(
      /^npx mikro-orm migration:up --to 9999 failed \(exit code 1\):\n[^]*No migration's name begins with "9999"/,
    );
  });

  it('passes on every event of the migrator immediately, up to the last one', async () => {
    await using database = await createTestDatabase();
    const { signal } = new AbortController();
    const received: OnlineMigrationEvent[] = [];
    const { events } = await migrateUpTo(database.url, '0006', signal, {}, (event) => received.push(event));
    expect(events).toEqual(received);
    expect(lockHoldsOf(events).map(({ migration }) => migration)).toEqual([
      '0002',
      '0004',
      '0004',
      '0005',
      '0005',
      '0006',
    ]);
    expect(batchesOf(events)).toEqual({ count: expect.any(Number), longestMs: expect.any(Number) });
    expect(events.at(-1)).toMatchObject({
      type: 'migration-finished',
      migration: '0006_rename_large_record_created_at',
      direction: 'up',
    });
  });

  it('uses the given settings, otherwise the defaults, and ignores the environment', async () => {
    await using database = await createTestDatabase();
    const { signal } = new AbortController();
    process.env['BACKFILL_WORKERS'] = 'many';
    try {
      await migrateUpTo(database.url, '0001', signal);
      await expect(migrateUpTo(database.url, '0002', signal, { BACKFILL_BATCH_MS: 'short' })).rejects.toThrow(
        'BACKFILL_BATCH_MS must be a whole number',
      );
    } finally {
      delete process.env['BACKFILL_WORKERS'];
    }
  });

  it('is killed by the signal', async () => {
    await using table = await createLargeRecordTable('old');
    // The migration waits for this lock until it is killed.
    await table.client.query('begin; lock table large_record');
    const killed = migrateUpTo(table.url, '0002', AbortSignal.timeout(1));
    await expect(killed).rejects.toThrow('migration:up --to 0002 was killed');
  });
});
