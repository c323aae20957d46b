import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { startNode } from '../../support/command-line.ts';
import { startOnlineMigration } from '../../support/event-project/commands.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const ROOT = join(import.meta.dirname, '../../..');

const database = databasePerFile(
  `create table orders (id bigint primary key, total int not null, note text null)`,
  `insert into orders select n, n, 'note' from generate_series(1, 100) n`,
  `analyze`,
);

/** A project of ordinary migrations, some of which are unsafe. */
const CONFIG = `
  import { Migration } from '${ROOT}/node_modules/@mikro-orm/migrations/index.js';
  import { PostgreSqlDriver } from '${ROOT}/node_modules/@mikro-orm/postgresql/index.js';
  import { OnlineMigration, onlineMigrations } from '${ROOT}/src/online-migration/mikro-orm/index.ts';

  class Safe extends Migration {
    up() {
      this.addSql('alter table orders add remark text null');
      this.addSql('create index orders_note_index on orders (note)');
    }
  }
  class Unsafe extends Migration {
    up() {
      this.addSql('alter table orders alter total type bigint');
    }
  }
  class Sends extends Migration {
    async up() {
      await this.execute('insert into orders values (0, 0)');
    }
  }
  class Fills extends OnlineMigration {
    async up() {
      this.addSql('alter table orders add cents int null');
      await this.fill({ table: 'orders', set: { cents: 'total * 100' }, where: 'cents is null' });
      await this.fill({ table: 'orders', set: { cents: 'totl' }, where: 'true' });
    }
  }
  class FillsNew extends OnlineMigration {
    async up() {
      await this.fill({ table: 'orders', set: { remark: 'note' }, where: 'remark is null' });
      this.addSql('alter table orders alter remark set not null');
    }
  }
  class Drops extends Migration {
    up() {
      this.addSql('alter table orders drop column note');
    }
  }
  class AddsLater extends Migration {
    up() {
      this.addSql('alter table orders add tag text null');
    }
  }
  const connection = process.env.DATABASE_URL;
  export default {
    changes: [],
    connection,
    mikroOrm: {
      clientUrl: connection,
      driver: PostgreSqlDriver,
      entities: [],
      discovery: { warnWhenNoEntities: false },
      ...onlineMigrations({
        migrations: {
          migrationsList: [
            { name: '0001_safe', class: Safe },
            { name: '0002_unsafe', class: Unsafe },
            { name: '0003_sends', class: Sends },
            { name: '0004_fills', class: Fills },
            { name: '0005_fills_new', class: FillsNew },
            { name: '0006_drops', class: Drops },
            { name: '0007_adds_later', class: AddsLater },
          ],
        },
      }),
    },
  };`;

async function plan(...options: string[]): Promise<{ exitCode: number | null; output: string }> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'plan-'));
  const file = join(folder.path, 'online-migration.config.ts');
  await writeFile(file, CONFIG);
  const script = join(ROOT, 'src/online-migration/cli/online-migration.ts');
  const command = startNode([script, '--config', file, ...options, 'plan'], { DATABASE_URL: database.url });
  return { exitCode: await command.exitCode, output: command.output() };
}

describe('npx online-migration plan', () => {
  it('shows the steps of the pending migrations, and changes nothing', async () => {
    const { exitCode, output } = await plan();
    expect(output.split('\n').slice(1)).toEqual([
      '0001_safe:',
      '  alter table orders add remark text null  -- ACCESS EXCLUSIVE, changes the catalog only',
      '  in place of create index orders_note_index on orders (note): it reads the whole table while nobody can write to it',
      '    CREATE INDEX CONCURRENTLY orders_note_index ON orders (note)  -- SHARE UPDATE EXCLUSIVE, reads the table beside its traffic',
      '0002_unsafe:',
      '  refused: alter table orders alter total type bigint',
      '    it rewrites or reads the whole table while nobody can use it',
      `    instead: \`npx online-migration new --table public.orders --column "total" --to 'bigint'\` writes a column change that does it beside the traffic`,
      '0003_sends: sends statements while it runs; each is looked at before it is sent',
      '0004_fills:',
      '  alter table orders add cents int null  -- ACCESS EXCLUSIVE, changes the catalog only',
      '  fill about 100 rows in batches: update "orders" set "cents" = total * 100 where cents is null  -- ROW EXCLUSIVE, short transactions',
      '  refused: update "orders" set "cents" = totl where true',
      '    PostgreSQL does not accept it: column "totl" does not exist',
      '    instead: correct the fill',
      '0005_fills_new:',
      '  fill about 100 rows in batches: update "orders" set "remark" = note where remark is null  -- ROW EXCLUSIVE, short transactions',
      '  in place of alter table orders alter remark set not null: it reads the whole table while nobody can use it',
      expect.stringContaining('    select'),
      expect.stringContaining('    alter table public.orders add constraint'),
      expect.stringContaining('    alter table public.orders validate constraint'),
      expect.stringContaining('    alter table public.orders alter column "remark" set not null'),
      expect.stringContaining('    alter table public.orders drop constraint'),
      '0006_drops:',
      '  alter table orders drop column note  -- ACCESS EXCLUSIVE, changes the catalog only',
      expect.stringMatching(
        /^    warning: processes that still use note of public\.orders fail: .*`-- online: after <migration>`/,
      ),
      '0007_adds_later:',
      '  alter table orders add tag text null  -- ACCESS EXCLUSIVE, changes the catalog only',
      '',
    ]);
    expect(exitCode).toBe(1);
    expect(
      await database.client.rows(`select from pg_indexes where indexname = 'orders_note_index'`),
    ).toEqual([]);
    expect(await database.client.rows(`select from pg_class where relname = 'mikro_orm_migrations'`)).toEqual(
      [],
    );
  });

  it('prints JSON', async () => {
    const { exitCode, output } = await plan('--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(output)).toMatchObject([
      { migration: '0001_safe', runsAs: 'steps', statements: [{ kind: 'as-written' }, { kind: 'steps' }] },
      { migration: '0002_unsafe', statements: [{ kind: 'refused' }] },
      { migration: '0003_sends', runsAs: 'sends statements itself' },
      {
        migration: '0004_fills',
        statements: [
          { kind: 'as-written' },
          { kind: 'steps', steps: [{ kind: 'fill' }] },
          { kind: 'refused' },
        ],
      },
      { migration: '0005_fills_new', runsAs: 'steps' },
      {
        migration: '0006_drops',
        statements: [{ warning: expect.stringContaining('note of public.orders') }],
      },
      { migration: '0007_adds_later', statements: [{ kind: 'as-written' }] },
    ]);
  });

  it('names phases of a column change', async () => {
    const command = startOnlineMigration(database.url, ['plan']);
    expect(await command.exitCode).toBe(0);
    expect(command.output()).toMatch(/0001_create_event:\n {2}create table .*-- locks no table in use\n/);
    expect(command.output()).toContain('0002_expand_at: a phase of a column change\n');
  });
});
