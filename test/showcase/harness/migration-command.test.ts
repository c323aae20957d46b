import { describe, expect, it } from '@jest/globals';
import { migrateUpTo } from '../../../src/showcase/harness/migration-command.ts';
import { createLargeRecordTable } from '../../large-record/support/large-record-table.ts';
import { createTestDatabase } from '../../support/test-server.ts';

describe('migrateUpTo', () => {
  it('migrates, and fails with the output of the command', async () => {
    await using database = await createTestDatabase();
    const { signal } = new AbortController();
    const { lines, seconds, peakMemoryBytes } = await migrateUpTo(database.url, '0001', signal);
    expect(lines).toContain(`[migrator] Applied '0001_create_large_record'`);
    expect(seconds).toBeGreaterThan(0);
    expect(peakMemoryBytes === null).toBe(process.platform !== 'linux');
    await expect(migrateUpTo(database.url, '9999', signal)).rejects.toThrow(
      /^npx mikro-orm migration:up --to 9999 failed \(exit code 1\):\n[^]*No migration's name begins with "9999"/,
    );
  });

  it('takes the settings that it is given, and else the defaults, whatever the environment says', async () => {
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
    // The migration waits for this lock as long as it lives.
    await table.client.query('begin; lock table large_record');
    const killed = migrateUpTo(table.url, '0002', AbortSignal.timeout(1));
    await expect(killed).rejects.toThrow('migration:up --to 0002 was killed');
  });
});
