import { Migration } from '@mikro-orm/migrations';
import { describe, expect, it } from '@jest/globals';
import { onlineMigrations, type OnlineMigrator } from '../../../src/online-migration/mikro-orm/index.ts';
import type { OnlineMigrationEvent } from '../../../src/online-migration/index.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/index.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { openTestMigrator, type TestMigrator } from '../../support/test-migrator.ts';

const database = databasePerFile(
  `create table orders (id bigint primary key, total int not null, note text null)`,
  `insert into orders select n, n, 'note' from generate_series(1, 1000) n`,
  `analyze`,
);

/** Opens a project whose migrations are these classes. */
async function openProject(
  migrations: Record<string, new (...given: never[]) => Migration>,
  events: OnlineMigrationEvent[] = [],
  settings = {},
  options = {},
  ordinary: 'safe' | 'check' = 'safe',
): Promise<TestMigrator> {
  const { url } = database;
  const migrator = await openTestMigrator({
    clientUrl: url,
    driver: (await import('@mikro-orm/postgresql')).PostgreSqlDriver,
    entities: [],
    ...options,
    discovery: { warnWhenNoEntities: false },
    ...onlineMigrations({
      migrations: {
        migrationsList: Object.entries(migrations).map(([name, migration]) => ({
          name,
          class: migration as never,
        })),
      },
      onEvent: (event) => events.push(event),
      settings,
      ordinary,
    }),
  } as never);
  database.defer(async () => migrator[Symbol.asyncDispose]());
  return migrator;
}

const columns = async () =>
  (
    await database.client.rows<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = 'orders'::regclass and attnum > 0 and not attisdropped order by attnum`,
    )
  ).map(({ name }) => name);
const indexes = async () =>
  await database.client.rows<{ name: string; valid: boolean }>(
    `select c.relname as name, i.indisvalid as valid from pg_index i join pg_class c on c.oid = i.indexrelid
     where i.indrelid = 'orders'::regclass and not i.indisprimary order by 1`,
  );

class AddNote extends Migration {
  override up(): void {
    this.addSql(`alter table "orders" add "remark" varchar(255) null;`);
    this.addSql(`create index "orders_note_index" on "orders" ("note");`);
  }

  override down(): void {
    this.addSql(`drop index "orders_note_index";`);
    this.addSql(`alter table "orders" drop column "remark";`);
  }
}

const onCreateConnection = async (connection: {
  executeQuery(query: { sql: string; parameters: unknown[] }): Promise<unknown>;
}) => {
  await connection.executeQuery({ sql: `set search_path = shop, public`, parameters: [] });
};

describe('an ordinary migration in a MikroORM project', () => {
  it('is planned, carried out by safe steps, recorded, and reverted', async () => {
    const events: OnlineMigrationEvent[] = [];
    const migrator = await openProject({ '0001': AddNote }, events);
    await migrator.orm.migrator.up();
    expect(await columns()).toEqual(['id', 'total', 'note', 'remark']);
    expect(await indexes()).toEqual([{ name: 'orders_note_index', valid: true }]);
    expect(await migrator.applied()).toEqual(['0001']);
    expect(events.map(({ message }) => message!.replace(/\d+ ms/, '… ms'))).toEqual([
      '0001: up',
      '0001: 2 steps, none reads a table in use under SHARE or a stronger lock',
      '0001: step 1 of 2 in … ms, under ACCESS EXCLUSIVE: alter table "orders" add "remark" varchar(255) null',
      '0001: step 2 of 2 in … ms, under SHARE UPDATE EXCLUSIVE: CREATE INDEX CONCURRENTLY orders_note_index ON orders (note)',
      expect.stringContaining('0001'),
    ]);
    await migrator.orm.migrator.down();
    expect(await columns()).toEqual(['id', 'total', 'note']);
    expect(await indexes()).toEqual([]);
    expect(await migrator.applied()).toEqual([]);
  });

  it('shows the statements of a step on one line, of at most 200 characters', async () => {
    class Made extends Migration {
      override up(): void {
        this.addSql(`
          create table made (
            id int
          )`);
        this.addSql(`comment on table made is '${'x'.repeat(300)}'`);
      }

      override down(): void {
        this.addSql(`drop table made`);
      }
    }
    const events: OnlineMigrationEvent[] = [];
    const migrator = await openProject({ '0001': Made }, events);
    await migrator.orm.migrator.up();
    await migrator.orm.migrator.down();
    const shown = events.flatMap(({ type, message }) =>
      type === 'migration-step' ? [message.split(' ms: ')[1]!] : [],
    );
    expect(shown[0]).toMatch(/^create table made \( id int \); comment on table made is 'x+…$/);
    expect(shown[0]).toHaveLength(200);
  });

  it('runs as written if its class says so, and if it sends statements itself', async () => {
    class AsWritten extends AddNote {
      static readonly ordinary = 'as written';
      override up(): void {
        this.addSql(`alter table orders alter total type bigint`);
      }
    }
    class Sends extends Migration {
      override async up(): Promise<void> {
        const [{ count }] = (await this.execute(`select count(*)::int as count from orders`)) as [
          { count: number },
        ];
        this.addSql(`alter table orders alter column total set default ${count}`);
      }
    }
    const migrator = await openProject({ '0001': AsWritten, '0002': Sends });
    await migrator.orm.migrator.up();
    expect(
      await database.client.value(
        `select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'orders'::regclass and attname = 'total'`,
      ),
    ).toBe('bigint');
    expect(await migrator.applied()).toEqual(['0001', '0002']);
  });

  it('runs as written if it uses the driver in any other way, also if it catches the error of that', async () => {
    class Catches extends Migration {
      override async up(): Promise<void> {
        this.addSql(`alter table orders add remark text null`);
        await this.execute(`insert into orders values (2001, 1)`).catch(() => undefined);
        try {
          await this.execute(`insert into orders values (2002, 1)`);
        } catch {
          throw new Error('No insert.');
        }
      }
    }
    class Inserts extends Migration {
      override async up(): Promise<void> {
        await this.driver.nativeInsert('orders' as never, { id: 2003, total: 1 });
      }
    }
    const migrator = await openProject({ '0001': Catches, '0002': Inserts });
    const [plan] = await (migrator.orm.migrator as OnlineMigrator).pendingPlans();
    expect(plan).toMatchObject({ runsAs: 'sends statements itself' });
    expect(await database.client.value(`select count(*)::int from orders where id > 2000`)).toBe(0);
    await migrator.orm.migrator.up({ to: '0001' });
    expect(await database.client.value(`select count(*)::int from orders where id > 2000`)).toBe(2);
    expect(await columns()).toContain('remark');
  });

  it('is refused with a sentence for each statement, and is not recorded', async () => {
    class Unsafe extends Migration {
      override up(): void {
        this.addSql(`alter table "orders" add "extra" varchar(255) null;`);
        this.addSql(`alter table "orders" add "seq" serial;`);
        this.addSql(`alter table "orders" alter column "total" type bigint using ("total"::bigint);`);
      }
    }
    const migrator = await openProject({ '0001': Unsafe });
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      details: {
        statements: [
          { statement: 'alter table "orders" add "seq" serial' },
          { statement: expect.stringContaining('bigint') },
        ],
      },
    });
    expect(await columns()).toEqual(['id', 'total', 'note']);
    expect(await migrator.applied()).toEqual([]);
  });

  it('names rows that its constraint would refuse, and goes on when they are corrected', async () => {
    class Required extends Migration {
      override up(): void {
        this.addSql(`alter table orders add remark text null`);
        this.addSql(`alter table orders alter column note set not null`);
      }
    }
    await database.client.rows(`update orders set note = null where id in (7, 8)`);
    const migrator = await openProject({ '0001': Required });
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject({
      code: 'ROWS_IN_THE_WAY',
      message: expect.stringMatching(
        /Rows of public\.orders have no "note": give them a value first\. Among them: id 7; id 8\./,
      ),
    });
    expect(await migrator.applied()).toEqual([]);
    await database.client.rows(`update orders set note = '' where note is null`);
    await migrator.orm.migrator.up();
    expect(await migrator.applied()).toEqual(['0001']);
    expect(await columns()).toEqual(['id', 'total', 'note', 'remark']);
  });

  it('makes nobody wait behind its locks for longer than the lock timeout', async () => {
    const events: OnlineMigrationEvent[] = [];
    const migrator = await openProject({ '0001': AddNote }, events, { lockTimeoutMs: 50 });
    const reader = await database.connect('a long reader');
    await reader.rows('begin');
    await reader.rows('select count(*) from orders');
    const migrated = migrator.orm.migrator.up();
    await migrator.logged(/no lock on public.orders within 50 ms \(try 2\).*blocked by .*a long reader/);
    await reader.rows('commit');
    await migrated;
    expect(await migrator.applied()).toEqual(['0001']);
  });

  it('builds an INVALID index of its name again', async () => {
    await database.client.rows(`create index orders_note_index on orders (total)`);
    await database.client.rows(
      `update pg_index set indisvalid = false where indexrelid = 'orders_note_index'::regclass`,
    );
    const migrator = await openProject({ '0001': AddNote });
    await migrator.orm.migrator.up();
    expect(await indexes()).toEqual([{ name: 'orders_note_index', valid: true }]);
  });

  it('leaves a column under change and the objects of the package alone', async () => {
    const change = changeOf('orders.total', { from: 'integer', to: 'bigint', conversion: integerToBigint });
    await database.runPhases(change, [expand]);
    class Touches extends Migration {
      override up(): void {
        this.addSql(`alter table orders add fine int null`);
        this.addSql(`create index on orders (total, id)`);
        this.addSql(`alter table public.orders rename total_new to other`);
        this.addSql(`drop table orders`);
        this.addSql(`delete from online_migration.change`);
      }
    }
    const migrator = await openProject({ '0001': Touches });
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      details: { statements: [{}, {}, {}, {}] },
      message: expect.stringMatching(
        /the change public\.orders\.total is under way, and its phases expect total as it is\. Instead: finish the change or revert it first/,
      ),
    });
  });

  it('runs on a connection that the project has prepared', async () => {
    class Makes extends Migration {
      override up(): void {
        this.addSql(`create table made (id int)`);
      }
    }
    await database.client.rows(`drop schema if exists shop cascade; create schema shop`);
    const migrator = await openProject({ '0001': Makes }, [], {}, { onCreateConnection });
    await migrator.orm.migrator.up();
    expect(await database.client.value(`select to_regclass('shop.made') is not null`)).toBe(true);
  });

  it('is refused if it needs other steps, and the project only checks', async () => {
    class Instant extends Migration {
      override up(): void {
        this.addSql(`alter table orders add remark text null`);
        this.addSql(`alter table orders alter note type varchar`);
      }
    }
    const migrator = await openProject({ '0001': Instant, '0002': AddNote }, [], {}, {}, 'check');
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringContaining(
        'Instead: run `CREATE INDEX CONCURRENTLY orders_note_index ON orders (note)`.',
      ),
    });
    expect(await migrator.applied()).toEqual(['0001']);
    expect(await indexes()).toEqual([]);
  });

  it('runs an accepted statement as it is, and logs the reason', async () => {
    class Accepted extends Migration {
      override up(): void {
        this.addSql(`
          -- online: accepted the table is small, and we are asleep
          alter table orders alter total type bigint`);
      }
    }
    const migrator = await openProject({ '0001': Accepted });
    await migrator.orm.migrator.up();
    expect(migrator.log).toContainEqual(
      expect.stringContaining(
        '0001: 1 step; as written and alone: `alter table orders alter total type bigint` (accepted: the table is small, and we are asleep)',
      ),
    );
  });
});
