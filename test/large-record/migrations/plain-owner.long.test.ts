import { describe, expect, it, jest } from '@jest/globals';
import { runMikroOrm, startNode } from '../../support/command-line.ts';
import { connect } from '../../support/database-client.ts';
import { createRole } from '../../support/roles.ts';
import { createTestDatabase } from '../../support/test-server.ts';

// Each test starts a dozen processes, one after the other.
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
      const running = startNode([`src/commands/${name}.ts`], { DATABASE_URL: role.url });
      expect({ exitCode: await running.exitCode, output: running.output() }).toEqual({
        exitCode: 0,
        output: expect.any(String),
      });
      return running.output();
    };
    await run('migration:up', '--to', '0001');
    await admin.rows(`
      insert into large_record (name, created_at)
      select 'a name', '2024-01-01 10:00:00' || case n % 2 when 0 then '.0' else '' end from generate_series(1, 100) as n`);
    expect(await command('preflight')).toContain('50 rows convert; their text is kept');
    await run('migration:up', '--to', '0003');
    expect(await command('status')).toContain('backfilled');
    await run('migration:up');
    expect(
      await admin.value(`select count(*)::int from large_record where created_at = '2024-01-01 10:00:00+00'`),
    ).toBe(100);
    await run('migration:down', '--to', '0001');
    expect(await admin.value(`select count(*)::int from large_record where created_at like '%.0'`)).toBe(50);
    await run('migration:down', '--to', '0');
    expect(await admin.value(`select to_regclass('large_record')`)).toBeNull();
  });
});
