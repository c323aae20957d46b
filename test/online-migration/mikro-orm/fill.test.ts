import type { Migration } from '@mikro-orm/migrations';
import { describe, expect, it } from '@jest/globals';
import {
  OnlineMigration,
  onlineMigrations,
  type OnlineMigrationsOptions,
  type OnlineMigrator,
  type TableFill,
} from '../../../src/online-migration/mikro-orm/index.ts';
import type { OnlineMigrationEvent } from '../../../src/online-migration/index.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { openTestMigrator, type TestMigrator } from '../../support/test-migrator.ts';

const ROWS = 20_000;

const database = databasePerFile(
  `create table orders (id bigint primary key, total numeric(10, 2) not null)`,
  `insert into orders select n, n / 100.0 from generate_series(1, ${ROWS}) n`,
  `analyze`,
);

async function openProject(
  migrations: Record<string, new (...given: never[]) => Migration>,
  options: Partial<OnlineMigrationsOptions> = {},
): Promise<TestMigrator> {
  const migrator = await openTestMigrator({
    clientUrl: database.url,
    driver: (await import('@mikro-orm/postgresql')).PostgreSqlDriver,
    entities: [],
    discovery: { warnWhenNoEntities: false },
    ...onlineMigrations({
      ...options,
      migrations: {
        migrationsList: Object.entries(migrations).map(([name, migration]) => ({
          name,
          class: migration as never,
        })),
      },
    }),
  } as never);
  database.defer(async () => migrator[Symbol.asyncDispose]());
  return migrator;
}

const CENTS: TableFill = {
  table: 'orders',
  set: { total_cents: 'round(total * 100)' },
  where: 'total_cents is null',
};

class Cents extends OnlineMigration {
  override async up(): Promise<void> {
    this.addSql(`alter table orders add total_cents bigint null`);
    await this.fill(CENTS);
    this.addSql(`alter table orders alter total_cents set not null`);
    this.addSql(`alter table orders alter total drop not null`);
  }

  override async down(): Promise<void> {
    await this.fill({ table: 'orders', set: { total: 'total_cents / 100.0' }, where: 'total is null' });
    this.addSql(`alter table orders alter total set not null`);
    this.addSql(`alter table orders drop total_cents`);
  }
}

describe('a migration with a fill', () => {
  it('is planned, goes up with its statements in their order, and down', async () => {
    const events: OnlineMigrationEvent[] = [];
    const migrator = await openProject({ '0001': Cents }, { onEvent: (event) => events.push(event) });
    const [pending] = await (migrator.orm.migrator as OnlineMigrator).pendingPlans();
    expect(pending).toMatchObject({
      runsAs: 'steps',
      plan: {
        steps: [
          { kind: 'together' },
          { kind: 'fill', fill: CENTS, rows: ROWS },
          { kind: 'find' },
          { kind: 'locked' },
          { kind: 'validate' },
          { kind: 'locked' },
          { kind: 'locked' },
          { kind: 'together' },
        ],
      },
    });
    await migrator.orm.migrator.up();
    expect(await migrator.applied()).toEqual(['0001']);
    expect(await database.client.value(`select count(*)::int from orders where total_cents = id`)).toBe(ROWS);
    expect(events.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(
        /^0001: step 2 of 8 in \d+ ms, under ROW EXCLUSIVE: update "orders" set "total_cents" = round/,
      ),
    );
    await database.client.rows(`update orders set total = null where id % 2 = 0`);
    await migrator.orm.migrator.down();
    expect(await migrator.applied()).toEqual([]);
    expect(await database.client.value(`select count(*)::int from orders where total = id / 100.0`)).toBe(
      ROWS,
    );
    expect(await database.client.rows(`select from pg_namespace where nspname = 'online_migration'`)).toEqual(
      [],
    );
  });

  it('is left out of a roll-up, which makes an ordinary migration', async () => {
    class Nothing extends OnlineMigration {
      override up(): void {
        this.addSql(`select 1`);
      }
    }
    const migrator = await openProject({ '0001': Nothing, '0002': Nothing });
    await migrator.orm.migrator.up();
    await expect((migrator.orm.migrator as OnlineMigrator).rollup()).rejects.toMatchObject({
      code: 'ROLLUP_IMPOSSIBLE',
    });
  });

  class Sends extends OnlineMigration {
    override async up(): Promise<void> {
      await this.execute(`alter table orders add total_cents bigint null`);
      await this.fill(CENTS);
    }
  }
  class AsWritten extends Cents {
    static readonly ordinary = 'as written';
  }

  it.each([
    ['sends statements itself', Sends, {}],
    ['is to run as it is written', AsWritten, {}],
    ['has a project that turns the steps off', Cents, { ordinary: 'off' }],
  ] as const)('is refused if it %s', async (_, migration, options) => {
    const migrator = await openProject({ '0001': migration }, options);
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject({ code: 'FILL_NEEDS_STEPS' });
    expect(await migrator.applied()).toEqual([]);
    expect(
      await database.client.rows(
        `select from pg_attribute where attrelid = 'orders'::regclass and attname = 'total_cents'`,
      ),
    ).toEqual([]);
  });

  it.each([
    [{}, /it lacks `table`, its name, and `set`.*, and `where`/],
    [{ ...CENTS, set: {} }, /A fill of orders cannot be carried out: it lacks `set`/],
    [{ ...CENTS, set: { total_cents: 1 } }, /it lacks `set`/],
    [{ ...CENTS, where: ' ' }, /it lacks `where`, an SQL condition that is false for a filled row/],
  ])('is refused if a part is missing: %j', async (fill, message) => {
    class Lacks extends OnlineMigration {
      override async up(): Promise<void> {
        await this.fill(fill as never);
      }
    }
    const migrator = await openProject({ '0001': Lacks });
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject({
      code: 'FILL_NOT_POSSIBLE',
      message: expect.stringMatching(message),
    });
  });
});
