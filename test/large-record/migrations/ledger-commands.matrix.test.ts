import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runMikroOrm } from '../../support/event-project/commands.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { openMigrator } from '../../support/event-project/migrator.ts';
import type { TestMigrator } from '../../support/test-migrator.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const BACKFILL = '0003_backfill_at';

let resources: AsyncDisposableStack;
let url: string;
let client: DatabaseClient;
let migrator: TestMigrator;
beforeEach(async () => {
  resources = new AsyncDisposableStack();
  ({ url } = resources.use(await createTestDatabase()));
  client = resources.use(await connect(url));
  migrator = resources.use(await openMigrator(url));
  await migrator.go('0002');
});
afterEach(() => resources.disposeAsync());

const forget = (name: string) =>
  client.rows(`delete from mikro_orm_migrations where name like $1`, [`${name}%`]);
const remember = (name: string) => client.rows(`insert into mikro_orm_migrations (name) values ($1)`, [name]);

describe('migration:log', () => {
  it('refuses a phase that the database does not have, and says what to run', async () => {
    const { exitCode, output } = await runMikroOrm(url, 'migration:log', '--name', BACKFILL);
    expect(output).toContain(
      `Cannot log ${BACKFILL}; nothing was changed: it is the backfill of public.event.at, and the database is at ` +
        `the stage expanded. Run it instead: \`npx mikro-orm migration:up --to ${BACKFILL}\`.`,
    );
    expect(exitCode).toBe(1);
    expect(await migrator.applied()).toEqual(['0001', '0002']);
  });

  it('records a phase that the database has, and is at or past', async () => {
    await migrator.go('0004');
    await forget('0003');
    await forget('0004');
    for (const name of ['0003', '0004']) {
      const { exitCode, output } = await runMikroOrm(url, 'migration:log', '--name', name);
      expect(output).toContain(`Successfully logged migration '${name}'`);
      expect(exitCode).toBe(0);
    }
    expect(await migrator.applied()).toEqual(['0001', '0002', '0003', '0004']);
    await migrator.go('0006');
    await migrator.go('0001');
  });

  it('refuses a phase of a half-done backfill, of a table that is not there, and of another ledger', async () => {
    await client.rows(`
      insert into event (name, at) values ('r', '2024-01-01 10:00:00');
      insert into online_migration.backfill (change, direction, rows_total) values ('public.event.at', 'forward', 1)`);
    await expect(migrator.orm.migrator.logMigration('0003')).rejects.toThrow('at the stage expanded');
    await client.rows(`update online_migration.change set ledger = 'online-migration'`);
    await forget('0002');
    await expect(migrator.orm.migrator.logMigration('0002')).rejects.toThrow(
      'Cannot log 0002_expand_at; nothing was changed: The phases of this change are recorded in online_migration.phase',
    );
    await client.rows(`drop table event`);
    await expect(migrator.orm.migrator.logMigration('0002')).rejects.toThrow(
      'the database does not have the table',
    );
    expect(await migrator.applied()).toEqual(['0001']);
  });

  it('refuses a name that no migration has, and one that is logged', async () => {
    const { exitCode, output } = await runMikroOrm(url, 'migration:log', '--name', '0033');
    expect(output).toContain(`No migration's name begins with "0033" (--name)`);
    expect(exitCode).toBe(1);
    await expect(migrator.orm.migrator.logMigration('0001')).rejects.toThrow('it is logged already');
    expect(await migrator.applied()).toEqual(['0001', '0002']);
  });

  it('does not run the migration that it looks at', async () => {
    await forget('0001');
    await migrator.orm.migrator.logMigration('0001');
    expect(await migrator.applied()).toEqual(['0002', '0001']);
    expect(await client.value(`select to_regclass('event')::text`)).toBe('event');
  });

  it('waits for a runner that is at work', async () => {
    await using runner = await connect(url);
    await runner.rows(`select pg_advisory_lock(7303014082021)`);
    await forget('0002');
    const told = migrator.logged(/another runner migrates this database/);
    const logging = migrator.orm.migrator.logMigration('0002');
    await told;
    expect(await migrator.applied()).toEqual(['0001']);
    await runner.rows(`select pg_advisory_unlock(7303014082021)`);
    await logging;
    expect(await migrator.applied()).toEqual(['0001', '0002']);
  });
});

describe('migration:unlog', () => {
  it('refuses a phase that the database has, and says what to run', async () => {
    const { exitCode, output } = await runMikroOrm(url, 'migration:unlog', '--name', '0002');
    expect(output).toContain(
      `Cannot unlog 0002_expand_at; nothing was changed: it is the expand of public.event.at, and the ` +
        `database is at the stage expanded. Revert it instead, with those behind it: \`npx mikro-orm migration:down\`.`,
    );
    expect(exitCode).toBe(1);
    expect(await migrator.applied()).toEqual(['0001', '0002']);
  });

  it('removes a phase that the database does not have', async () => {
    await remember(BACKFILL);
    const { exitCode, output } = await runMikroOrm(url, 'migration:unlog', '--name', BACKFILL);
    expect(output).toContain(`Successfully unlogged migration '${BACKFILL}'`);
    expect(exitCode).toBe(0);
    expect(await migrator.applied()).toEqual(['0001', '0002']);
  });

  it('removes a phase of a change that is recorded in the other ledger', async () => {
    await client.rows(`update online_migration.change set ledger = 'online-migration'`);
    await migrator.orm.migrator.unlogMigration('0002');
    expect(await migrator.applied()).toEqual(['0001']);
  });

  it('removes a migration whose file is gone, and refuses one that is not logged', async () => {
    await remember('0000_gone');
    await migrator.orm.migrator.unlogMigration('0000');
    await expect(migrator.orm.migrator.unlogMigration('0003')).rejects.toThrow('it is not logged');
    expect(await migrator.applied()).toEqual(['0001', '0002']);
  });
});

it.each(['log', 'unlog'] as const)(
  'migration:%s refuses a step that this version does not know',
  async (command) => {
    await client.rows(`insert into online_migration.step (number) values (99)`);
    await forget(command === 'log' ? '0002' : 'none');
    await expect(migrator.orm.migrator[`${command}Migration`]('0002')).rejects.toThrow('to step 99');
  },
);
