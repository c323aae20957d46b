import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createdAtColumn } from '../support/created-at-column.ts';
import { presenceName } from '../../../src/online-migration/follow/presence.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { type Catalog, readCatalog } from './catalog.ts';

const ROWS = 50_000;

const resources = new AsyncDisposableStack();
let url: string;
let client: DatabaseClient;
let migrator: TestMigrator;
let impatient: TestMigrator;
let enforced: Catalog;

beforeAll(async () => {
  const database = resources.use(await createMigratedDatabase('0001'));
  url = database.url;
  client = resources.use(await connect(url));
  await insertRows(client, ROWS);
  migrator = resources.use(await openMigrator(url));
  impatient = resources.use(await openMigrator(url, { switchoverWaitMs: 300 }));
});
beforeEach(async () => {
  await migrator.go('0004');
  enforced = await readCatalog(client);
});
afterAll(() => resources.disposeAsync());

async function refusal(runner: TestMigrator): Promise<string> {
  const failure = await runner.go('0005').then(
    () => undefined,
    (error: Error) => error,
  );
  expect(await readCatalog(client)).toEqual(enforced);
  expect(await migrator.applied()).toEqual(['0001', '0002', '0003', '0004']);
  return failure?.message ?? 'it was not refused';
}

/** Changes rows without the sync trigger, as a superuser's repair script could. */
async function corrupt(sql: string): Promise<void> {
  await client.rows('begin');
  await client.rows(`alter table large_record disable trigger user`);
  await client.rows(sql);
  await client.rows(`alter table large_record enable always trigger "~sync_created_at_insert"`);
  await client.rows(`alter table large_record enable always trigger "~sync_created_at_update"`);
  await client.rows('commit');
}

describe('contract', () => {
  it.each([1, 20_001, ROWS])(
    'fails if the columns of row %i differ, and names row and values',
    async (id) => {
      await corrupt(`update large_record set created_at_new = '1999-12-31 00:00:00+00' where id = ${id}`);
      const message = await refusal(migrator);
      expect(message).toContain('created_at and created_at_new differ');
      expect(message).toMatch(new RegExp(`^  id ${id}: "2024-01-\\d\\d .*", "1999-12-31 `, 'm'));
      await corrupt(`
      update large_record set created_at_new = created_at::timestamp at time zone 'UTC' where id = ${id}`);
    },
  );

  it('fails while a live process uses the old column, and names it', async () => {
    await using old = await connect(url, presenceName(createdAtColumn, 'old'));
    await using _new = await connect(url, presenceName(createdAtColumn, 'new'));
    const message = await refusal(impatient);
    expect(message).toContain('after 0.3 s, these processes still use created_at: ');
    expect(message).toMatch(new RegExp(`\\S+:${process.pid}[^,]* \\(server pid ${old.pid}\\)`));
    expect(message.match(/server pid/g)).toHaveLength(1);
  });

  it('waits for a process that switches over in time', async () => {
    await using old = await connect(url, presenceName(createdAtColumn, 'old'));
    const waiting = migrator.logged(/waiting up to 30 s for 1 processes that still use created_at/);
    const going = migrator.go('0005');
    await waiting;
    await old.rows(`select set_config('application_name', $1, false)`, [
      presenceName(createdAtColumn, 'new'),
    ]);
    await going;
    expect(await migrator.applied()).toContain('0005');
  });

  it('its revert fails while a live process uses the restored name, and names it', async () => {
    await migrator.go('0005');
    const contracted = await readCatalog(client);
    await using renamed = await connect(url, presenceName(createdAtColumn, 'renamed'));
    await using _new = await connect(url, presenceName(createdAtColumn, 'new'));
    await expect(impatient.go('0004')).rejects.toThrow(
      new RegExp(
        `Cannot revert the contract of public\\.large_record\\.created_at: after 0\\.3 s, these processes still use ` +
          `created_at: [^,]* \\(server pid ${renamed.pid}\\)\\. `,
      ),
    );
    expect(await readCatalog(client)).toEqual(contracted);
    expect(await migrator.applied()).toContain('0005');
  });

  it('keeps a text that was written during the verification and cannot be rebuilt', async () => {
    // The verification proceeds by id. It has passed the first row but not the last one: it waits to keep the text of a
    // row in between, which another session has just written.
    await using holder = await connect(url, 'holder');
    await corrupt(`update large_record set created_at = created_at || '.000' where id = 30000`);
    await holder.rows('begin');
    await holder.rows(`
      insert into online_migration.kept_value values ('public.large_record.created_at', '30000', 'held')`);
    const keeping = async () =>
      (await client.value<string>(`
        select count(*) from pg_proc where proname like '% keep' and prosrc like '%kept_value%'`)) === '1';
    const going = migrator.go('0005');
    while (!(await keeping())) await new Promise((resolve) => setImmediate(resolve));
    await client.rows(`update large_record set created_at = '2020-02-02 02:02:02.200' where id = 1`);
    await client.rows(`update large_record set created_at = '2020-02-02 02:02:02.20' where id = ${ROWS}`);
    await client.rows(
      `insert into large_record (name, created_at) values ('late', '2020-02-02 02:02:02.2000')`,
    );
    await holder.rows('rollback');
    await going;
    await migrator.go('0004');
    const texts = await client.rows<{ created_at: string }>(`
      select created_at from large_record where id in (1, ${ROWS}) or name = 'late' or id = 30000 order by id`);
    expect(texts.map(({ created_at }) => created_at)).toEqual([
      '2020-02-02 02:02:02.200',
      '2024-01-01 18:19:59.000',
      '2020-02-02 02:02:02.20',
      '2020-02-02 02:02:02.2000',
    ]);
  });
});
