import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../../src/online-migration/phases/settings.ts';
import { phases } from '../../../src/online-migration/phases/phases.ts';
import { ColumnMigration } from '../../../src/online-migration/mikro-orm/column-migration.ts';
import { OnlineMigrationRunner } from '../../../src/online-migration/mikro-orm/migration-runner.ts';
import { forwardFill } from '../../../src/online-migration/backfill/plan/fill.ts';
import { readPlanSize } from '../../../src/online-migration/backfill/plan/plan.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import type { PhaseContext } from '../../../src/online-migration/phases/phase.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventChange, eventColumn } from '../../support/event-change.ts';
import { createMigratedDatabase, openMigrator } from '../../support/event-project/migrator.ts';
import { refusedWith } from '../../support/refused-with.ts';

let resources: AsyncDisposableStack;
let client: DatabaseClient;
let url: string;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  const database = resources.use(await createMigratedDatabase('0002'));
  url = database.url;
  client = resources.use(await connect(url));
  await client.rows(`insert into event (name, at) values ('r', '2024-01-01 10:00:00')`);
  await client.rows(`update event set at_new = null`);
});
afterEach(() => resources.disposeAsync());

async function contextOf(connectionString = url): Promise<PhaseContext> {
  const openSession = () => Session.open({ connectionString }, 'online-migration guard');
  const session = resources.use(await openSession());
  return {
    change: eventColumn,
    columns: [eventColumn],
    session,
    openSession,
    settings: DEFAULT_SETTINGS,
    emit: () => undefined,
    signal: new AbortController().signal,
    ledger: 'mikro-orm',
    recordInLedger: async () => {
      throw new Error('The phase went through.');
    },
  };
}

const filled = () => client.value<string>(`select count(*) from event where at_new is not null`);

describe('the backfill refuses to start', () => {
  it.each([
    [
      'missing',
      'SYNC_TRIGGER_MISSING',
      `drop trigger "~sync_at_update" on event`,
      /the sync trigger ~sync_at_update is missing.*Revert expand, then run it again/,
    ],
    [
      'disabled',
      'SYNC_TRIGGER_SILENT',
      `alter table event disable trigger "~sync_at_insert"`,
      /~sync_at_insert does not fire for every write.*Run `alter table .* enable always trigger "~sync_at_insert"`/,
    ],
    [
      'silent for replicas',
      'SYNC_TRIGGER_SILENT',
      `alter table event enable trigger "~sync_at_insert"`,
      /~sync_at_insert does not fire for every write/,
    ],
  ] as const)('while a sync trigger is %s', async (_, code, sql, reason) => {
    await client.rows(sql);
    await expect(backfill(await contextOf())).rejects.toMatchObject(refusedWith(code, reason));
    expect(await filled()).toBe('0');
  });

  it('inside a transaction', async () => {
    const context = await contextOf();
    await context.session.query('begin');
    await expect(backfill(context)).rejects.toMatchObject(
      refusedWith('INSIDE_TRANSACTION', /inside a transaction.*Run it outside of one/),
    );
    expect(await filled()).toBe('0');
  });

  it('where the table has no new column', async () => {
    await using migrator = await openMigrator(url);
    await migrator.go('0001');
    await expect(backfill(await contextOf())).rejects.toMatchObject(
      refusedWith(
        'WRONG_STAGE',
        /starts from the stage expanded or backfilled, and the database is at initial\. Run the phases in their order: expand, backfill/,
      ),
    );
  });

  it('where the table has neither column', async () => {
    await using migrator = await openMigrator(url);
    await migrator.go('0001');
    await client.rows(`alter table event rename column at to born`);
    await expect(backfill(await contextOf())).rejects.toMatchObject(
      refusedWith(
        'COLUMN_MISSING',
        'The table public.event has no column at, nor at_new: correct the declaration',
      ),
    );
  });

  it('where its plan was deleted meanwhile', async () => {
    const { session, change } = await contextOf();
    await expect(readPlanSize(session, forwardFill(change))).rejects.toMatchObject(
      refusedWith('BACKFILL_PLAN_DELETED', 'The plan of public.event.at was deleted'),
    );
  });

  it('where there is no table', async () => {
    await client.rows(`drop table event`);
    await expect(backfill(await contextOf())).rejects.toMatchObject(
      refusedWith(
        'TABLE_NOT_READY',
        /event" does not exist: run the migration that creates it against this database first\./,
      ),
    );
  });

  it('on a server older than PostgreSQL 14, and so does the expand', async () => {
    // Sessions that look for settings in this schema first believe that the server is that old.
    await client.rows(`create schema old_server`);
    await client.rows(`
      create function old_server.current_setting(name text) returns text language sql as $$
        select case name when 'server_version_num' then '130014' when 'server_version' then '13.14' end
      $$`);
    const database = await client.value<string>(`select current_database()`);
    await client.rows(`alter database "${database}" set search_path = old_server, pg_catalog, public`);
    for (const phase of [expand, backfill]) {
      await expect(phase(await contextOf())).rejects.toMatchObject(
        refusedWith(
          'SERVER_TOO_OLD',
          /on PostgreSQL 13\.14: .* Upgrade the server to PostgreSQL 14 or newer/,
        ),
      );
    }
    expect(await filled()).toBe('0');
  });
});

describe('the migrator refuses', () => {
  it('one transaction around all migrations', async () => {
    await using migrator = await openMigrator(url);
    migrator.orm.config.get('migrations').allOrNothing = true;
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject(
      refusedWith('ONE_TRANSACTION_FOR_ALL', 'Set `migrations.allOrNothing` to false'),
    );
    expect(await migrator.applied()).toEqual(['0001', '0002']);
  });

  it('a schema: each phase names that of its table', async () => {
    await using migrator = await openMigrator(url);
    await expect(migrator.orm.migrator.up({ schema: 'shop' })).rejects.toMatchObject(
      refusedWith('OPTION_NOT_SUPPORTED', '--schema has no meaning here'),
    );
    expect(await migrator.applied()).toEqual(['0001', '0002']);
  });

  it('a migration that ends without its entry in the ledger', async () => {
    class Idle extends ColumnMigration {
      override readonly change = eventChange;
      override readonly phase = { ...phases.expand, up: async () => undefined };
    }
    await using migrator = await openMigrator(url);
    const { config, em } = migrator.orm;
    const runner = new OnlineMigrationRunner(em.getDriver(), config.get('migrations'), config);
    runner.lend({ ...(await contextOf()), ordinary: 'safe', nameOf: () => 'idle' });
    await expect(runner.run(new Idle(em.getDriver(), config), 'up')).rejects.toMatchObject(
      refusedWith('LEDGER_NOT_WRITTEN', 'Idle did not write the ledger in its last transaction.'),
    );
  });

  it('a phase whose migration is not run by it', async () => {
    class Expand extends ColumnMigration {
      override readonly change = eventChange;
      override readonly phase = phases.expand;
    }
    await using migrator = await openMigrator(url);
    const migration = new Expand(migrator.orm.em.getDriver(), migrator.orm.config);
    await expect(migration.up()).rejects.toMatchObject(
      refusedWith('MIGRATOR_NOT_REGISTERED', 'needs the OnlineMigrator'),
    );
  });
});
