import { describe, expect, it } from '@jest/globals';
import { runMikroOrm, startNode } from '../../support/command-line.ts';
import { connect } from '../../support/database-client.ts';
import { createMigratedDatabase } from '../../support/migrator.ts';
import { describeWithPgBouncer, startPgBouncer } from '../../support/pgbouncer.ts';
import { createTestDatabase } from '../../support/test-server.ts';

describe('npx mikro-orm', () => {
  it('names its database without the password', async () => {
    await using database = await createMigratedDatabase('0002');
    const pending = await runMikroOrm(database.url, 'migration:pending');
    expect(pending.output).toMatch(/^Database: .*test_/m);
    expect(pending.output).not.toContain(new URL(database.url).password);
  });
});

describeWithPgBouncer('behind PgBouncer in transaction mode, npx mikro-orm', () => {
  it('migrates past it with DATABASE_DIRECT_URL', async () => {
    await using database = await createTestDatabase();
    await using pooler = await startPgBouncer(database.url, { mode: 'transaction', sessions: 3 });
    await using client = await connect(database.url);
    const migration = startNode(['node_modules/@mikro-orm/cli/cli.js', 'migration:up'], {
      DATABASE_URL: pooler.url,
      DATABASE_DIRECT_URL: database.url,
    });
    expect(await migration.exitCode).toBe(0);
    expect(await client.value(`select count(*) from mikro_orm_migrations`)).toBe('6');
  });
});
