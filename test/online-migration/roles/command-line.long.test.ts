import { describe, expect, it, jest } from '@jest/globals';
import { connect } from '../../support/database-client.ts';
import { runMikroOrm, startMikroOrm, startOnlineMigration } from '../../support/event-project/commands.ts';
import { createRole } from '../../support/roles.ts';
import { createTestDatabase } from '../../support/test-server.ts';

// Each test starts a dozen processes in sequence.
jest.setTimeout(180_000);

describe('the commands, as a role that owns the table and has nothing else', () => {
  it.each([
    ['plain', `select`],
    ['that only reads by default', `set default_transaction_read_only = on`],
    ['without a search_path', `set search_path = ''`],
    ['serializable by default', `set default_transaction_isolation = serializable`],
  ])('go all the way up and back: %s', async (_name, setting) => {
    await using database = await createTestDatabase();
    await using admin = await connect(database.url);
    await using role = await createRole(database.url);
    await admin.rows(`
      grant create on schema public to ${role.name}; create schema online_migration authorization ${role.name}`);
    if (setting !== 'select') await admin.rows(`alter role ${role.name} ${setting}`);
    const run = async (...args: string[]) => {
      const { exitCode, output } = await runMikroOrm(role.url, ...args);
      if (exitCode !== 0) throw new Error(output);
      return output;
    };
    const command = async (name: string) => {
      const running = startOnlineMigration(role.url, [name]);
      expect({ exitCode: await running.exitCode, output: running.output() }).toEqual({
        exitCode: 0,
        output: expect.any(String),
      });
      return running.output();
    };
    await run('migration:up', '--to', '0001');
    await admin.rows(`
      insert into event (name, at)
      select 'a name', '2024-01-01 10:00:00' || case n % 2 when 0 then '.0' else '' end from generate_series(1, 100) as n`);
    expect(await command('preflight')).toContain('50 rows convert; their text is kept');
    await run('migration:up', '--to', '0003');
    expect(await command('status')).toContain('backfilled');
    await run('migration:up');
    expect(await admin.value(`select count(*)::int from event where at = '2024-01-01 10:00:00+00'`)).toBe(
      100,
    );
    await run('migration:down', '--to', '0001');
    expect(await admin.value(`select count(*)::int from event where at like '%.0'`)).toBe(50);
    await run('migration:down', '--to', '0');
    expect(await admin.value(`select to_regclass('event')`)).toBeNull();
  });

  it.each([
    ['may create it', `grant create on database %database to %owner`],
    ['was given it', `create schema online_migration_queue authorization %owner`],
  ])('hand ranges out to a worker of another login, if the owner of the queue %s', async (_name, grant) => {
    await using database = await createTestDatabase();
    await using admin = await connect(database.url);
    await using owner = await createRole(database.url);
    await using ann = await createRole(database.url, `in role ${owner.name}`);
    await using ben = await createRole(database.url, `in role ${owner.name}`);
    await admin.rows(`
      grant create on schema public to ${owner.name}; create schema online_migration authorization ${owner.name}`);
    await admin.rows(grant.replace('%database', `"${database.name}"`).replace('%owner', owner.name));
    expect(await runMikroOrm(ann.url, 'migration:up', '--to', '0001')).toMatchObject({ exitCode: 0 });
    await admin.rows(`alter table event owner to ${owner.name}`);
    await admin.rows(`
      insert into event (name, at) select 'a name', '2024-01-01 10:00:00' from generate_series(1, 5000) as n`);
    expect(await runMikroOrm(ann.url, 'migration:up', '--to', '0002')).toMatchObject({ exitCode: 0 });
    const migration = startMikroOrm(ann.url, ['migration:up', '--to', '0003'], { BACKFILL_WORKERS: '0' });
    const worker = startOnlineMigration(ben.url, ['backfill', 'work']);
    expect({ exitCode: await migration.exitCode, output: migration.output() }).toMatchObject({ exitCode: 0 });
    expect({ exitCode: await worker.exitCode, output: worker.output() }).toMatchObject({ exitCode: 0 });
    expect(worker.output()).toContain('5,000 rows');
    expect(await admin.value(`select count(*)::int from event where at_new is not null`)).toBe(5000);
    expect(await admin.value(`select to_regclass('online_migration_queue.job')`)).toBeNull();
  });

  it('say what to run if the owner may not create the queue', async () => {
    await using database = await createTestDatabase();
    await using admin = await connect(database.url);
    await using role = await createRole(database.url);
    await admin.rows(`
      grant create on schema public to ${role.name}; create schema online_migration authorization ${role.name}`);
    await runMikroOrm(role.url, 'migration:up', '--to', '0001');
    await admin.rows(`insert into event (name, at) values ('a name', '2024-01-01 10:00:00')`);
    await runMikroOrm(role.url, 'migration:up', '--to', '0002');
    const migration = startMikroOrm(role.url, ['migration:up', '--to', '0003'], { BACKFILL_WORKERS: '0' });
    expect(await migration.exitCode).toBe(1);
    expect(migration.output()).toContain(`create schema online_migration_queue authorization ${role.name}`);
  });
});
