import { describe, expect, it } from '@jest/globals';
import { migrateUpTo } from '../../../src/commands/harness/migration-command.ts';
import { createLargeRecordTable } from '../../support/large-record-table.ts';
import { createTestDatabase } from '../../support/test-server.ts';

describe('migrateUpTo', () => {
  it('migrates, and fails with the output of the command', async () => {
    await using database = await createTestDatabase();
    const { signal } = new AbortController();
    await migrateUpTo(database.url, '0001', signal);
    await expect(migrateUpTo(database.url, '9999', signal)).rejects.toThrow(
      /^npx mikro-orm migration:up --to 9999 failed \(exit code 1\):\n[^]*No migration's name begins with "9999"/,
    );
  });

  it('is killed by the signal', async () => {
    await using table = await createLargeRecordTable('old');
    // The migration waits for this lock as long as it lives.
    await table.client.query('begin; lock table large_record');
    const killed = migrateUpTo(table.url, '0002', AbortSignal.timeout(1));
    await expect(killed).rejects.toThrow('migration:up --to 0002 was killed');
  });
});
