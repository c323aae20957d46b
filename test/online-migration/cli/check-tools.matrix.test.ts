import { describe, expect, it } from '@jest/globals';
import { check, type Files, outcomesOf, statementsOf } from './check-project.ts';

/** Migrations as the tools write them. */
const TOOLS: readonly (readonly [tool: string, folder: string, files: Files, outcomes: readonly string[]])[] =
  [
    [
      'Prisma',
      'prisma/migrations',
      {
        'prisma/migrations/migration_lock.toml': 'provider = "postgresql"',
        'prisma/migrations/20240101000000_init/migration.sql': `-- CreateTable
CREATE TABLE "User" (
    "id" SERIAL NOT NULL,
    "email" TEXT NOT NULL,
    "name" VARCHAR(50),

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
`,
        'prisma/migrations/20240202000000_posts/migration.sql': `/*
  Warnings:

  - Made the column \`name\` on table \`User\` required. This step will fail if there are existing NULL values in that column.

*/
-- AlterTable
ALTER TABLE "User" ALTER COLUMN "name" SET NOT NULL,
ALTER COLUMN "name" SET DATA TYPE VARCHAR(100);

-- CreateTable
CREATE TABLE "Post" (
    "id" SERIAL NOT NULL,
    "authorId" INTEGER NOT NULL,

    CONSTRAINT "Post_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "User_name_idx" ON "User"("name");

-- AddForeignKey
ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
`,
      },
      [
        '20240101000000_init/migration.sql:2 as-written',
        '20240101000000_init/migration.sql:11 as-written',
        '20240202000000_posts/migration.sql:8 steps',
        '20240202000000_posts/migration.sql:8 as-written',
        '20240202000000_posts/migration.sql:12 as-written',
        '20240202000000_posts/migration.sql:20 steps',
        '20240202000000_posts/migration.sql:23 as-written',
      ],
    ],
    [
      'Drizzle',
      'drizzle',
      {
        'drizzle/meta/_journal.json': '{}',
        'drizzle/0000_big_hulk.sql': `CREATE TABLE "orders" (
	"id" serial PRIMARY KEY NOT NULL,
	"total" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "customers" (
	"id" serial PRIMARY KEY NOT NULL
);`,
        'drizzle/0001_odd_thor.sql': `ALTER TABLE "orders" ADD COLUMN "customer_id" integer;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "total_idx" ON "orders" USING btree ("total");--> statement-breakpoint
ALTER TABLE "orders" ALTER COLUMN "total" SET DATA TYPE bigint;`,
        'drizzle/0010_late_loki.sql': `ALTER TABLE "orders" ADD CONSTRAINT "orders_total_unique" UNIQUE("total");`,
        'drizzle/0002_early_hulk.sql': `DROP TABLE "customers" CASCADE;`,
      },
      [
        '0000_big_hulk.sql:1 as-written',
        '0000_big_hulk.sql:6 as-written',
        '0001_odd_thor.sql:1 as-written',
        '0001_odd_thor.sql:2 steps',
        '0001_odd_thor.sql:3 steps',
        '0001_odd_thor.sql:4 refused',
        '0002_early_hulk.sql:1 refused',
        '0010_late_loki.sql:1 steps',
      ],
    ],
    [
      'Knex',
      'migrations',
      {
        'migrations/20240101_a.js': `
exports.up = async function (knex) {
  await knex.raw('create table orders (id int primary key)');
  await knex.schema.raw(\`alter table orders add total int\`).raw('create index i on orders (total)');
};
exports.down = (knex) => knex.raw('drop table orders');`,
        'migrations/20240102_b.ts': `
import { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.transaction(async (trx) => {
    await trx.raw(\`
      create index orders_total
        on orders (total);
      update orders set total = 0;
    \`);
  });
}`,
      },
      [
        '20240101_a.js:3 as-written',
        '20240101_a.js:4 as-written',
        '20240101_a.js:4 as-written',
        '20240102_b.ts:7 steps',
        '20240102_b.ts:9 refused',
      ],
    ],
    [
      'TypeORM',
      'migrations',
      {
        'migrations/1700000000000-AddIndex.ts': `import { MigrationInterface, QueryRunner } from "typeorm";

export class AddIndex1700000000000 implements MigrationInterface {
    name = 'AddIndex1700000000000'

    public async up(queryRunner: QueryRunner): Promise<void> {
        await queryRunner.query(\`CREATE INDEX "IDX_1" ON "post" ("title") \`);
        await queryRunner.query(\`ALTER TABLE "post" ALTER COLUMN "title" SET NOT NULL\`);
        await queryRunner.query(\`ALTER TABLE "post" ADD "views" integer\`);
    }

    public async down(queryRunner: QueryRunner): Promise<void> {
        await queryRunner.query(\`DROP INDEX "public"."IDX_1"\`);
    }
}
`,
      },
      [
        '1700000000000-AddIndex.ts:7 steps',
        '1700000000000-AddIndex.ts:8 steps',
        '1700000000000-AddIndex.ts:9 as-written',
      ],
    ],
    [
      'Django, by sqlmigrate',
      'sql',
      {
        'sql/0002.sql': `BEGIN;
--
-- Add field slug to article
--
ALTER TABLE "news_article" ADD COLUMN "slug" varchar(50) DEFAULT '' NOT NULL;
ALTER TABLE "news_article" ALTER COLUMN "slug" DROP DEFAULT;
--
-- Create index news_article_slug on field(s) slug of model article
--
CREATE INDEX "news_article_slug_like" ON "news_article" ("slug" varchar_pattern_ops);
ALTER TABLE "news_article" ADD CONSTRAINT "news_article_author_id_fk" FOREIGN KEY ("author_id") REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED;
COMMIT;
`,
      },
      ['0002.sql:5 as-written', '0002.sql:6 as-written', '0002.sql:10 steps', '0002.sql:11 steps'],
    ],
    [
      'goose, dbmate, sql-migrate, node-pg-migrate, Diesel and golang-migrate',
      'db',
      {
        'db/01_goose.sql': `-- +goose Up
-- +goose StatementBegin
create index i1 on orders (total);
-- +goose StatementEnd

-- +goose Down
drop table orders cascade;
`,
        'db/02_dbmate.sql': `-- migrate:up transaction:false
create index i2 on orders (total);

-- migrate:down
drop table orders cascade;`,
        'db/03_sql_migrate.sql': `-- +migrate Down
drop table orders cascade;
-- +migrate Up
create index i3 on orders (total);`,
        'db/04_node_pg.sql': `-- Up Migration
create index i4 on orders (total);
-- Down Migration
drop table orders cascade;`,
        'db/05_plain.sql': `-- up to 100 rows a day come in
create index i5 on orders (total);

-- down
drop table orders cascade;`,
        'db/06_diesel/up.sql': `create index i6 on orders (total);`,
        'db/06_diesel/down.sql': `drop table orders cascade;`,
        'db/07_go.up.sql': `create index i7 on orders (total);`,
        'db/07_go.down.sql': `drop table orders cascade;`,
        'db/08_pg_migrate.js': `exports.up = (pgm) => { pgm.sql('create index i8 on orders (total)'); };`,
      },
      [
        '01_goose.sql:3 steps',
        '02_dbmate.sql:2 steps',
        '03_sql_migrate.sql:4 steps',
        '04_node_pg.sql:2 steps',
        '05_plain.sql:2 steps',
        '06_diesel/up.sql:1 steps',
        '07_go.up.sql:1 steps',
        '08_pg_migrate.js:1 steps',
      ],
    ],
  ];

describe('npx online-migration check', () => {
  it.each(TOOLS)('reads migrations of %s', async (_, folder, files, outcomes) => {
    const result = await check(files, folder, '--json');
    expect({ outcomes: outcomesOf(result), stderr: result.stderr }).toEqual({
      outcomes: outcomes.map((outcome) => `${folder}/${outcome}`),
      stderr: '',
    });
    expect(result.exitCode).toBe(outcomes.some((outcome) => outcome.endsWith('refused')) ? 1 : 0);
  });

  it('reads migrations of MikroORM without a configuration', async () => {
    const result = await check(
      {
        'migrations/Migration20240101000000.ts': `import { Migration } from '@mikro-orm/migrations';
import { raw } from '@mikro-orm/core';

export class Migration20240101000000 extends Migration {

  override async up(): Promise<void> {
    this.addSql(\`create table "orders" ("id" serial primary key, "note" text null);\`);
    this.addSql(\`create index "orders_note_index" on "orders" ("note");\`);
  }

  override async down(): Promise<void> {
    this.addSql(\`drop table if exists "orders" cascade;\`);
  }

}
`,
        'migrations/Migration20240102000000.ts': `import { Migration } from '@mikro-orm/migrations';
import { raw } from '@mikro-orm/core';

export class Migration20240102000000 extends Migration {
  override async up(): Promise<void> {
    console.log('a message');
    this.addSql(raw('alter table ?? alter column ?? set not null', ['orders', 'note']));
    const found = await this.execute('select id from orders where note = ?', ['x']);
    for (const { id } of found) this.addSql(\`delete from orders where id = \${id}\`);
    await this.getEntityManager().execute('create unique index u on orders (note)');
    await this.getEntityManager().transactional((em) => em.execute(\`
      -- online: accepted the table has 300 rows
      create index v on orders (note)\`));
  }
}
`,
        'migrations/Migration20240103000000.ts': `import { ColumnMigration } from 'online-migration/mikro-orm';
export class Migration20240103000000 extends ColumnMigration {
  change = {
    table: { schema: 'public', name: 'orders' },
    columns: [{ from: { name: 'note' }, to: { name: 'note_new' } }],
  } as never;
  phase = {} as never;
}
`,
        'migrations/Migration20240104000000.js': `import { Migration } from '@mikro-orm/migrations';
export default class Migration20240104000000 extends Migration {
  static ordinary = 'as written';
  up() {
    this.addSql('drop table items cascade');
    this.addSql('create table countries (name varchar(50))');
  }
}
`,
        'migrations/Migration20240105000000.sql': `
          alter table orders alter note type varchar;
          alter table countries alter name type text;`,
      },
      '--json',
    );
    expect(outcomesOf(result)).toEqual([
      'migrations/Migration20240101000000.ts:7 as-written',
      'migrations/Migration20240101000000.ts:8 as-written',
      'migrations/Migration20240102000000.ts:7 steps',
      'migrations/Migration20240102000000.ts:8 as-written',
      'migrations/Migration20240102000000.ts:10 steps',
      'migrations/Migration20240102000000.ts:13 accepted',
      // The column change has altered its type.
      'migrations/Migration20240105000000.sql:2 refused',
      'migrations/Migration20240105000000.sql:3 as-written',
    ]);
    expect(result.stderr).toBe('a message\n');
    const { files } = JSON.parse(result.stdout) as { files: unknown };
    expect(files).toMatchObject([
      {},
      { note: expect.stringContaining('It sends statements while it runs') },
      { leftOut: 'a phase of a column change' },
      { leftOut: expect.stringContaining('as written') },
      {},
    ]);
    expect(result.exitCode).toBe(1);
  });

  it('knows the tables that earlier migrations make, as they leave them', async () => {
    const result = await check(
      {
        '01.sql': `
          create table orders (id int primary key, a varchar(50), b numeric(10,2), c varchar(50) check (c <> ''), p int);
          create table items (id int primary key, order_id int references orders);
          create domain plain as text;
          create domain positive as int check (value > 0);
          create function one() returns int language sql immutable as 'select 1';`,
        '02.sql':
          'alter table orders rename column a to label; alter table orders add constraint k check (p is not null) not valid;',
        '03.sql': 'alter table orders validate constraint k;',
        '04.sql': `
          alter table orders alter label type text;
          alter table orders alter b type numeric(12,2);
          alter table orders alter b type numeric(12,3);
          alter table orders alter c type text;
          alter table orders alter id type bigint;
          alter table orders alter p set not null;
          alter table orders add d plain, add e int default one();
          alter table orders add f positive;
          alter table orders add g int default unknown_function();
          alter table others alter x type text;`,
      },
      '.',
      '--json',
    );
    const last = statementsOf(result).filter(({ file }) => file === '04.sql');
    expect(last.map(({ statement, outcome, assumed }) => [statement, outcome, ...assumed])).toEqual([
      ['alter table orders alter label type text', 'as-written'],
      ['alter table orders alter b type numeric(12,2)', 'as-written'],
      ['alter table orders alter b type numeric(12,3)', 'refused'],
      ['alter table orders alter c type text', 'refused'],
      ['alter table orders alter id type bigint', 'refused'],
      ['alter table orders alter p set not null', 'as-written'],
      ['alter table orders add d plain, add e int default one()', 'as-written'],
      ['alter table orders add f positive', 'refused'],
      [
        'alter table orders add g int default unknown_function()',
        'refused',
        'whether the function unknown_function is volatile',
      ],
      ['alter table others alter x type text', 'refused', 'the present type of the column x'],
    ]);
  });

  it('trusts no column behind a migration whose effects it does not know', async () => {
    const made = 'create table orders (a varchar(50), b int not null)';
    const altered = `
      alter table orders alter a type text;
      alter table orders alter b set not null;
      alter table orders alter c set not null;`;
    const outcomes = async (name: string, between: string) => {
      const files = { 'm/01.sql': made, [`m/${name}`]: between, 'm/03.sql': altered };
      const result = await check(files, 'm', '--json');
      return outcomesOf(result).filter((outcome) => outcome.startsWith('m/03.sql'));
    };
    const [known, unknown] = [
      ['m/03.sql:2 as-written', 'm/03.sql:3 as-written', 'm/03.sql:4 as-written'],
      ['m/03.sql:2 refused', 'm/03.sql:3 steps', 'm/03.sql:4 steps'],
    ];
    expect(await outcomes('02.sql', 'select 1')).toEqual(known);
    expect(await outcomes('02.sql', 'do $$ begin execute change_orders(); end $$')).toEqual(unknown);
    expect(await outcomes('02.sql', 'alter tabel orders')).toEqual(unknown);
    const phase = `
      import { ColumnMigration } from 'online-migration/mikro-orm';
      export class Expand extends ColumnMigration {
        change = {
          table: { schema: 'public', name: 'orders' },
          columns: [{ from: { name: 'a' }, to: { name: 'a_new' } }],
        };
      }`;
    expect(await outcomes('02.mjs', phase)).toEqual([
      'm/03.sql:2 refused',
      'm/03.sql:3 as-written',
      'm/03.sql:4 as-written',
    ]);
    expect(
      await outcomes('02.js', `exports.up = (knex) => knex.schema.alterTable('orders', () => {});`),
    ).toEqual(unknown);
  });

  it('counts tables that the files after --from make as new', async () => {
    const files = {
      'm/0001_a.sql': 'create table orders (id int primary key, total int);',
      'm/0002_b.sql': 'create table items (id int primary key, order_id int);',
      'm/0003_c.sql': `
        create index on items (order_id);
        create index on orders (total);`,
    };
    const outcomes = async (...options: string[]) =>
      outcomesOf(await check(files, 'm', '--json', ...options));
    expect((await outcomes()).slice(2)).toEqual(['m/0003_c.sql:2 steps', 'm/0003_c.sql:3 steps']);
    expect(await outcomes('--from', '0002')).toEqual([
      'm/0002_b.sql:1 as-written',
      'm/0003_c.sql:2 as-written',
      'm/0003_c.sql:3 steps',
    ]);
  });

  it("reads Flyway's repeatable migrations behind all others", async () => {
    const files = {
      'sql/R__views.sql': 'select 1',
      'sql/V2__b.sql': 'select 1',
      'sql/V10__c.sql': 'select 1',
      'other/R__a.sql': 'select 1',
      'other/V1__a.sql': 'select 1',
    };
    const names = outcomesOf(await check(files, 'sql', 'other', '--json')).map(
      (outcome) => outcome.split(':')[0],
    );
    expect(names).toEqual([
      'sql/V2__b.sql',
      'sql/V10__c.sql',
      'other/V1__a.sql',
      'sql/R__views.sql',
      'other/R__a.sql',
    ]);
  });

  it('advises batches outside of the migration, and no class of MikroORM, to those who have another tool', async () => {
    const statements = [
      'update orders set total = 0',
      'delete from orders',
      'alter table sales."Orders" add key uuid not null default gen_random_uuid()',
      'alter table orders add state text not null',
      'alter table orders add number serial',
      `set session_replication_role = 'replica'`,
    ];
    const files = {
      'a.sql': statements.join(';\n'),
      'b.mjs': `
        import { Migration } from '@mikro-orm/migrations';
        export class B extends Migration { up() { this.addSql('update orders set total = 0'); } }`,
    };
    const found = statementsOf(await check(files, 'a.sql', 'b.mjs', '--json'));
    expect(found.map(({ instead }) => instead)).toEqual([
      'write the rows outside of the migration in batches of some thousand rows, each in a transaction of its own',
      'write the rows outside of the migration in batches of some thousand rows, each in a transaction of its own',
      expect.stringContaining(
        'give the rows their values outside of the migration by `update sales."Orders" set key = gen_random_uuid() where key is null and …` ' +
          'in batches of some thousand rows, each in a transaction of its own, and set it not null',
      ),
      expect.stringContaining('`update orders set state = … where state is null and …` in batches'),
      expect.stringContaining('in batches of some thousand rows'),
      'leave it out',
      expect.stringContaining('await this.fill('),
    ]);
    const others = found.filter(({ file }) => file === 'a.sql');
    expect(JSON.stringify(others)).not.toMatch(/OnlineMigration|this\.fill|MikroORM/);
  });

  it('takes the steps in place of set not null as they are, each in a file of one deployment', async () => {
    const files = {
      'm/0001_a.sql': 'create table orders (id int primary key, note text);',
      'm/0002_b.sql': 'alter table orders add constraint filled check (note is not null) not valid;',
      'm/0003_c.sql': 'alter table orders validate constraint filled;',
      'm/0004_d.sql': 'alter table orders alter note set not null;',
      'm/0005_e.sql': 'alter table orders drop constraint filled;',
    };
    expect(await check(files, 'm', '--strict', '--from', '0002')).toMatchObject({ exitCode: 0 });
  });
});
