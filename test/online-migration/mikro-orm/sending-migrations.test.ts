import { Migration } from '@mikro-orm/migrations';
import { defineEntity, p } from '@mikro-orm/postgresql';
import { describe, expect, it } from '@jest/globals';
import type { OnlineMigrator } from '../../../src/online-migration/mikro-orm/index.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { openOrdinaryProject } from '../../support/ordinary-project.ts';

const database = databasePerFile(
  `create table orders (id bigint primary key, total int not null, note text null)`,
  `insert into orders select n, n, 'note' from generate_series(1, 20000) n`,
  `create table setting (name text primary key, value text not null)`,
  `insert into setting values ('currency', 'EUR')`,
  `analyze`,
);
const { client } = database;

const Setting = defineEntity({
  name: 'Setting',
  tableName: 'setting',
  properties: { name: p.text().primary(), value: p.text() },
});

const Order = defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: { id: p.bigint().primary(), total: p.integer(), note: p.text().nullable() },
});

const openProject = (migrations: Parameters<typeof openOrdinaryProject>[1], settings = {}) =>
  openOrdinaryProject(database, migrations, { settings, entities: [Setting, Order] });

const isThere = (object: string) => client.value(`select to_regclass($1) is not null`, [object]);
const filenode = () => client.value(`select pg_relation_filenode('orders')::text`);

describe('a migration that reads while it runs', () => {
  it('is carried out by safe steps', async () => {
    class Reads extends Migration {
      override async up(): Promise<void> {
        const [row] = await this.execute(`select value from setting where name = ?`, ['currency']);
        const setting = await this.getEntityManager().findOneOrFail(Setting, { name: 'currency' });
        this.addSql(
          `alter table orders add currency text not null default '${row!['value']}${setting.value}'`,
        );
        this.addSql(`create index orders_note on orders (note)`);
      }
    }
    await using migrator = await openProject({ '0001': Reads });
    const [plan] = await (migrator.orm.migrator as OnlineMigrator).pendingPlans();
    expect(plan).toMatchObject({ runsAs: 'steps' });
    await migrator.orm.migrator.up();
    expect(await client.value(`select currency from orders limit 1`)).toBe('EUREUR');
    expect(migrator.log).toContainEqual(expect.stringContaining('CREATE INDEX CONCURRENTLY orders_note'));
    expect(await migrator.applied()).toEqual(['0001']);
  });

  it('does not write, if a function that it calls would', async () => {
    class Calls extends Migration {
      override async up(): Promise<void> {
        await this.execute(`select note('called')`);
      }
    }
    await client.rows(`create table noted (note text);
      create function note(text) returns void language sql as 'insert into noted values ($1)'`);
    await using migrator = await openProject({ '0001': Calls });
    const [plan] = await (migrator.orm.migrator as OnlineMigrator).pendingPlans();
    expect(plan).toMatchObject({ runsAs: 'sends statements itself' });
    expect(await client.value(`select count(*)::int from noted`)).toBe(0);
    await migrator.orm.migrator.up();
    expect(await client.value(`select count(*)::int from noted`)).toBe(1);
  });

  it('does not write in a transaction that it opens itself', async () => {
    class Forks extends Migration {
      override async up(): Promise<void> {
        const em = this.getEntityManager().fork({ clear: true, useContext: false });
        await em.transactional(async (inner) => {
          await inner.execute(`select note('called')`);
        });
      }
    }
    await client.rows(`create table noted (note text);
      create function note(text) returns void language sql as 'insert into noted values ($1)'`);
    await using migrator = await openProject({ '0001': Forks });
    const [plan] = await (migrator.orm.migrator as OnlineMigrator).pendingPlans();
    expect(plan).toMatchObject({ runsAs: 'sends statements itself' });
    expect(await client.value(`select count(*)::int from noted`)).toBe(0);
  });

  it('is planned later if it reads what an earlier one makes', async () => {
    class Makes extends Migration {
      override up(): void {
        this.addSql(`create table made (id int)`);
      }
    }
    class Reads extends Migration {
      override async up(): Promise<void> {
        const [row] = await this.execute(`select count(*)::int as count from made`);
        this.addSql(`alter table setting add number int null default ${row!['count']}`);
      }
    }
    await using migrator = await openProject({ '0001': Makes, '0002': Reads });
    const plans = await (migrator.orm.migrator as OnlineMigrator).pendingPlans();
    expect(plans).toMatchObject([
      { runsAs: 'steps' },
      { runsAs: 'not known yet', error: expect.stringContaining('relation "made" does not exist') },
    ]);
    await migrator.orm.migrator.up();
    expect(await migrator.applied()).toEqual(['0001', '0002']);
  });
});

describe('a migration that sends statements', () => {
  it('runs in its own transaction, with those that it collects', async () => {
    class Sends extends Migration {
      override async up(): Promise<void> {
        const em = this.getEntityManager();
        em.create(Setting, { name: 'country', value: 'AT' });
        await em.flush();
        await em.transactional(async (inner) => {
          (await inner.findOneOrFail(Setting, { name: 'currency' })).value = 'CHF';
        });
        await this.execute(`create table made (id int primary key, note text)`);
        await this.execute(`insert into made select n, 'note' from generate_series(1, 20000) n`);
        await this.execute(`create index made_note on made (note)`);
        this.addSql(`alter table orders add remark text null`);
      }
    }
    await using migrator = await openProject({ '0001': Sends });
    await migrator.orm.migrator.up();
    expect(await client.rows(`select * from setting order by name`)).toEqual([
      { name: 'country', value: 'AT' },
      { name: 'currency', value: 'CHF' },
    ]);
    expect(await isThere('made_note')).toBe(true);
    expect(await migrator.applied()).toEqual(['0001']);
  });

  it.each([
    [
      'execute',
      `create index orders_note on orders (note)`,
      /add it with `addSql` in a migration that sends nothing but queries itself/,
    ],
    ['execute', `alter table orders alter total type bigint`, /online-migration new/],
    ['execute', `update orders set note = 'other'`, /in batches/],
    [
      'addSql',
      `alter table orders alter note set not null`,
      /add it with `addSql` in a migration that sends nothing but queries itself/,
    ],
  ] as const)(
    'is ended before a statement of %s that would harm a table: %s',
    async (sender, statement, instead) => {
      class Harms extends Migration {
        override async up(): Promise<void> {
          await this.execute(`insert into setting values ('country', 'AT')`);
          if (sender === 'addSql') return this.addSql(statement);
          // Even if it catches the error.
          await this.execute(statement).catch(() => undefined);
          await this.execute(`insert into setting values ('region', 'T')`).catch(() => undefined);
        }
      }
      const before = await filenode();
      await using migrator = await openProject({ '0001': Harms });
      const error: unknown = await migrator.orm.migrator.up().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'MIGRATION_UNSAFE', message: expect.stringMatching(instead) });
      expect(error).toMatchObject({
        message: expect.stringContaining(`What it had sent before was rolled back: \`insert into setting`),
      });
      expect(await client.value(`select count(*)::int from setting`)).toBe(1);
      expect([await filenode(), await migrator.applied()]).toEqual([before, []]);
    },
  );

  it('keeps its transaction if PostgreSQL is asked about a statement', async () => {
    class Instant extends Migration {
      override async up(): Promise<void> {
        await this.execute(`insert into setting values ('country', 'AT')`);
        await this.execute(`alter table orders alter note type varchar`);
        await this.execute(`insert into setting values ('region', 'T')`);
        throw new Error('Ended by the migration.');
      }
    }
    await using migrator = await openProject({ '0001': Instant });
    await expect(migrator.orm.migrator.up()).rejects.toThrow('Ended by the migration.');
    expect(await client.value(`select count(*)::int from setting`)).toBe(1);
    expect(await migrator.applied()).toEqual([]);
  });

  it.each([
    [`select set_config('session_replication_role', 'replica', true)`, /no trigger and no foreign key works/],
    [`alter table orders alter total type bigint`, /online-migration new/],
  ] as const)('is ended before %s, sent with a dump or as a query', async (statement, reason) => {
    class Dumps extends Migration {
      override async up(): Promise<void> {
        await this.execute(`insert into setting values ('country', 'AT')`);
        if (statement.startsWith('select')) await this.execute(statement);
        else await this.driver.getConnection().executeDump(statement);
      }
    }
    await using migrator = await openProject({ '0001': Dumps });
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringMatching(reason),
    });
    expect(await client.value(`select count(*)::int from setting`)).toBe(1);
  });

  it('is ended if the EntityManager would write many rows', async () => {
    class Updates extends Migration {
      override async up(): Promise<void> {
        await this.getEntityManager().nativeUpdate(Order, { id: { $gt: '5' } }, { note: 'x' });
      }
    }
    await using migrator = await openProject({ '0001': Updates });
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject({ code: 'MIGRATION_UNSAFE' });
    expect(await client.value(`select count(*)::int from orders where note = 'x'`)).toBe(0);
  });

  it('does not take a table for its own that it has made in a transaction which it rolled back', async () => {
    class Nested extends Migration {
      override async up(): Promise<void> {
        const em = this.getEntityManager();
        await em.transactional(async (inner) => {
          await inner.execute(`create table made ("select" int)`);
        });
        const undone = em.transactional(async (inner) => {
          await inner.execute(`alter table orders rename to earlier`);
          await inner.execute(`create table orders (total int)`);
          await inner.execute(`insert into orders select generate_series(1, 20000)`);
          await inner.execute(`create index orders_total on orders (total)`);
          await inner.execute(`alter table made rename to moved`);
          throw new Error('Rolled back.');
        });
        await undone.catch(() => undefined);
        await this.execute(`insert into made select generate_series(1, 20000)`);
        await this.execute(`create index made_select on public.made ("select")`);
        await this.execute(`create index orders_total on orders (total)`);
      }
    }
    await using migrator = await openProject({ '0001': Nested });
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      details: {
        statements: [{ statement: 'create index orders_total on orders (total)' }],
        sent: expect.arrayContaining(['create index made_select on public.made ("select")']),
      },
    });
  });

  it('waits for a lock as the steps do, and goes on with the same transaction', async () => {
    class Waits extends Migration {
      override async up(): Promise<void> {
        await this.execute(`insert into setting values ('country', 'AT')`);
        await this.execute(`alter table orders add remark text null`);
      }
    }
    await using migrator = await openProject({ '0001': Waits }, { lockTimeoutMs: 50 });
    const reader = await database.connect('a long reader');
    await reader.rows('begin');
    await reader.rows('select count(*) from orders');
    const migrated = migrator.orm.migrator.up();
    await migrator.logged(/no lock on public.orders within 50 ms \(try 2\).*blocked by .*a long reader/);
    await reader.rows('commit');
    await migrated;
    expect(await migrator.applied()).toEqual(['0001']);
  });

  it('does not wait with a table locked', async () => {
    class Waits extends Migration {
      override async up(): Promise<void> {
        await this.execute(`alter table setting add remark text null`);
        await this.execute(`alter table orders add remark text null`);
      }
    }
    await using migrator = await openProject({ '0001': Waits }, { lockTimeoutMs: 50 });
    const reader = await database.connect('a long reader');
    await reader.rows('begin');
    await reader.rows('select count(*) from orders');
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject({ code: 'LOCK_NOT_GRANTED' });
    await reader.rows('commit');
    expect(await client.value(`select count(*)::int from pg_attribute where attname = 'remark'`)).toBe(0);
    expect(await migrator.applied()).toEqual([]);
  });

  it('is looked at without a transaction too', async () => {
    class Alone extends Migration {
      override isTransactional(): boolean {
        return false;
      }

      override async up(): Promise<void> {
        await this.execute(`alter table orders add remark text null`);
        await this.execute(`create index concurrently orders_note on orders (note)`);
        await this.execute(`create index orders_total on orders (total)`);
      }
    }
    await using migrator = await openProject({ '0001': Alone });
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringContaining(
        'It has no transaction, so what it had sent before stays: `alter table orders add remark',
      ),
    });
    expect([await isThere('orders_note'), await isThere('orders_total')]).toEqual([true, false]);
  });

  it('runs an accepted statement as it is', async () => {
    class Accepted extends Migration {
      override async up(): Promise<void> {
        await this.execute(`
          -- online: accepted the table is small
          alter table orders alter total type bigint`);
      }
    }
    await using migrator = await openProject({ '0001': Accepted });
    await migrator.orm.migrator.up();
    expect(await migrator.applied()).toEqual(['0001']);
  });

  it('leaves queries of the application beside it alone', async () => {
    class Slow extends Migration {
      override async up(): Promise<void> {
        await this.execute(`insert into setting values ('country', 'AT')`);
        await this.execute(`select pg_sleep(0.2)`);
      }
    }
    await using migrator = await openProject({ '0001': Slow });
    const migrated = migrator.orm.migrator.up();
    await expect(
      migrator.orm.em.getConnection().execute(`create index orders_note on orders (note)`),
    ).resolves.toBeDefined();
    await migrated;
    expect(await isThere('orders_note')).toBe(true);
  });
});
