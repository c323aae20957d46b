import { expect, it } from '@jest/globals';
import { connect } from '../../support/database-client.ts';
import { runMikroOrm } from '../../support/event-project/commands.ts';
import { openMigrator } from '../../support/event-project/migrator.ts';
import { describeWithPgBouncer, startPgBouncer } from '../../support/pgbouncer.ts';
import { createTestDatabase } from '../../support/test-server.ts';

describeWithPgBouncer('through PgBouncer, the migrator', () => {
  it('is refused in transaction mode before anything happens, and goes up without the pooler', async () => {
    await using database = await createTestDatabase();
    await using pooler = await startPgBouncer(database.url, { mode: 'transaction', sessions: 3 });
    await using client = await connect(database.url);
    const refused = await runMikroOrm(pooler.url, 'migration:up');
    expect(refused.exitCode).toBe(1);
    expect(refused.output).toMatch(
      /through a pooler that gives each transaction another session .*Connect to the server itself \(DATABASE_DIRECT_URL.* Nothing was changed/,
    );
    expect(
      await client.value(`select count(*) from pg_class where relnamespace = 'public'::regnamespace`),
    ).toBe('0');

    const passed = await runMikroOrm(database.url, 'migration:up');
    expect(passed).toMatchObject({ exitCode: 0 });
    expect(await client.value(`select count(*) from mikro_orm_migrations`)).toBe('6');
  });

  it('goes all the way up and down in session mode', async () => {
    await using database = await createTestDatabase();
    await using pooler = await startPgBouncer(database.url, { mode: 'session', sessions: 10 });
    await using migrator = await openMigrator(pooler.url);
    await migrator.go('0006');
    await migrator.go('0001');
    expect(await migrator.applied()).toEqual(['0001']);
  });
});
