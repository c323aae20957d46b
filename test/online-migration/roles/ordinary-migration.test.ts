import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { carryOut } from '../../../src/online-migration/ordinary/carry-out.ts';
import { planMigration, refuseRefused } from '../../../src/online-migration/ordinary/plan-migration.ts';
import { DEFAULT_SETTINGS } from '../../../src/online-migration/phases/settings.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createRole, type TestRole } from '../../support/roles.ts';
import { createTestDatabase } from '../../support/test-server.ts';

let resources: AsyncDisposableStack;
let admin: DatabaseClient;
let adminUrl: string;
/** The test's database, quoted. */
let databaseName: string;
let shop: TestRole;
let depot: TestRole;

beforeAll(async () => {
  resources = new AsyncDisposableStack();
  const database = resources.use(await createTestDatabase());
  databaseName = `"${database.name}"`;
  adminUrl = database.url;
  admin = resources.use(await connect(database.url));
  shop = resources.use(await createRole(database.url));
  depot = resources.use(await createRole(database.url));
});
afterAll(() => resources.disposeAsync());
beforeEach(async () => {
  await admin.rows(`
    drop schema if exists online_migration cascade; drop schema if exists shop cascade; drop schema if exists depot cascade;
    create schema shop authorization ${shop.name}; create schema depot authorization ${depot.name};
    create table shop.orders (id int primary key, label varchar(50) not null, state text not null);
    create table depot.parcel (id int primary key, label varchar(50) not null);
    insert into shop.orders select n, n, n from generate_series(1, 100) as n;
    insert into depot.parcel select n, n from generate_series(1, 100) as n;
    alter table shop.orders owner to ${shop.name};
    alter table depot.parcel owner to ${depot.name}`);
});

/** Carries an ordinary migration out as one login. */
async function run(login: TestRole, statements: readonly string[]): Promise<void> {
  await using session = await Session.open({ connectionString: login.url }, 'migration');
  await runOn(session, statements);
}

async function runOn(session: Session, statements: readonly string[]): Promise<void> {
  await carryOut({
    migration: 'Migration0001',
    direction: 'up',
    statements,
    plan: async () => {
      const plan = await planMigration(session, statements);
      refuseRefused(plan, 'Migration0001');
      return plan.steps;
    },
    session,
    openSession: async () => Promise.reject(new Error('Only a fill opens sessions.')),
    settings: DEFAULT_SETTINGS,
    emit: () => undefined,
    signal: AbortSignal.timeout(60_000),
    recordInLedger: async () => undefined,
  });
}

const indexes = async () =>
  admin.rows(
    `select indexrelid::regclass::text as name from pg_index where indrelid = 'shop.orders'::regclass order by 1`,
  );

describe('a role that owns the table and has nothing else', () => {
  it('runs a migration of one step, and is told the statement for one of several', async () => {
    await run(shop, [`alter table shop.orders add remark text`]);
    await expect(run(shop, [`create index i on shop.orders (label)`])).rejects.toMatchObject({
      code: 'PROGRESS_NOT_KEPT',
      message: expect.stringContaining(`create schema online_migration authorization ${shop.name}`),
    });
    expect(await indexes()).toEqual([{ name: 'shop.orders_pkey' }]);
    await admin.rows(`create schema online_migration authorization ${shop.name}`);
    await run(shop, [`create index i on shop.orders (label)`]);
    expect(await indexes()).toEqual([{ name: 'shop.i' }, { name: 'shop.orders_pkey' }]);
  });

  it('is not kept from its migrations by an interrupted one of another role', async () => {
    await admin.rows(`create schema online_migration authorization ${shop.name}`);
    await expect(
      run(shop, [`create index i on shop.orders (label)`, `create index i on shop.orders (state)`]),
    ).rejects.toMatchObject({ code: 'MIGRATION_STEP_FAILED' });
    await run(depot, [`alter table depot.parcel add remark text`]);
    const index = [`create index i on depot.parcel (label)`];
    await expect(run(depot, index)).rejects.toMatchObject({
      code: 'PROGRESS_NOT_KEPT',
      message: expect.stringMatching(
        /may not use the schema online_migration.*grant usage, create on schema/,
      ),
    });
    await admin.rows(`
      grant usage, create on schema online_migration to ${depot.name};
      grant select, insert, update, delete on online_migration.ordinary_migration to ${depot.name}`);
    await expect(run(depot, index)).rejects.toMatchObject({ code: 'MIGRATION_EDITED' });
  });

  it('is the role of a migration that sets it, and needs no right on the progress', async () => {
    await using session = await Session.open({ connectionString: adminUrl }, 'migration');
    await runOn(session, [
      `set local role ${shop.name}`,
      `create table shop.made (id int)`,
      `create index i on shop.orders (label)`,
      `create table shop.also (id int)`,
    ]);
    expect(
      await admin.rows(
        `select distinct relowner::regrole::text as owner from pg_class where relname in ('made', 'also', 'i')`,
      ),
    ).toEqual([{ owner: shop.name.replaceAll('"', '') }]);
    expect(await admin.value(`select to_regnamespace('online_migration')::text`)).toBe(null);
  });

  it('without the right to create temporary tables rewrites no table', async () => {
    await admin.rows(`revoke temporary on database ${databaseName} from public`);
    await expect(run(shop, [`alter table shop.orders alter label type int using 1`])).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
    });
    await admin.rows(`grant temporary on database ${databaseName} to public`);
    await run(shop, [`alter table shop.orders alter label type varchar(60)`]);
  });
});
