import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { runMikroOrm } from '../../support/event-project/commands.ts';
import { createMigratedDatabase } from '../../support/event-project/migrator.ts';
import type { TestDatabase } from '../../support/test-server.ts';

const resources = new AsyncDisposableStack();
let database: TestDatabase;
let client: DatabaseClient;

beforeAll(async () => {
  database = resources.use(await createMigratedDatabase('0002'));
  client = resources.use(await connect(database.url));
});
afterAll(() => resources.disposeAsync());

const ledger = () => client.rows(`select id, name, executed_at from mikro_orm_migrations order by id`);

describe('npx mikro-orm', () => {
  it.each([
    ['migration:up', '--to', 'nonsense'],
    ['migration:up', '--from', 'nonsense'],
    ['migration:up', '--only', 'nonsense'],
    ['migration:up', '--to', '000'],
    ['migration:up', '--to', '0'],
    ['migration:up', '--to', ''],
    ['migration:down', '--to', 'nonsense'],
    ['migration:down', '--only', 'nonsense'],
    ['migration:down', '--from', '0001'],
    ['migration:down', '--to', '0004'],
    ['migration:down', '--to', ''],
  ])('%s %s "%s" exits 1 with a sentence and changes nothing', async (...args) => {
    const before = await ledger();
    const { exitCode, output } = await runMikroOrm(database.url, ...args);
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringMatching(/^[A-Z-][^\n]*--[a-z]+[^\n]*\.$/im),
    });
    expect(output).not.toMatch(/^\s+at /m);
    expect(await ledger()).toEqual(before);
  });

  it('lists what has run and what is pending', async () => {
    const executed = await runMikroOrm(database.url, 'migration:list');
    expect(executed.output).toMatch(/0001_create_event[^]*0002_expand_at/);
    expect(executed.output).not.toContain('0003');
    const pending = await runMikroOrm(database.url, 'migration:pending');
    expect(pending.output).toMatch(/0003_[^]*0004_[^]*0005_[^]*0006_/);
    expect(pending.output).not.toContain('0002');
  });

  it('goes up to a migration, and down by one, and down to one', async () => {
    expect(await runMikroOrm(database.url, 'migration:up', '--to', '0004')).toMatchObject({ exitCode: 0 });
    expect((await ledger()).length).toBe(4);
    expect(await runMikroOrm(database.url, 'migration:down')).toMatchObject({ exitCode: 0 });
    expect((await ledger()).length).toBe(3);
    expect(await runMikroOrm(database.url, 'migration:down', '--to', '0001')).toMatchObject({ exitCode: 0 });
    expect((await ledger()).length).toBe(1);
  });

  it('refuses a migration whose turn it is not, and changes nothing', async () => {
    const before = await ledger();
    const { exitCode, output } = await runMikroOrm(database.url, 'migration:up', '--only', '0004');
    expect(exitCode).toBe(1);
    expect(output).toContain('Cannot enforce public.event.at');
    expect(output).toContain('the database is at initial');
    expect(await ledger()).toEqual(before);
  });
});
