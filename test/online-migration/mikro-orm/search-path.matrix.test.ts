import { defineEntity, p } from '@mikro-orm/core';
import { Migration, Migrator } from '@mikro-orm/migrations';
import { defineConfig } from '@mikro-orm/postgresql';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { onlineMigrations } from '../../../src/online-migration/mikro-orm/online-migrations.ts';
import { runPhaseMigrations } from '../../../src/online-migration/mikro-orm/phase-migrations.ts';
import { phases } from '../../../src/online-migration/phases/phases.ts';
import { ColumnMigration } from '../../../src/online-migration/mikro-orm/column-migration.ts';
import { changeOf } from '../../support/change-of.ts';
import { createRole, type TestRole } from '../../support/roles.ts';
import { databasePerTest } from '../../support/tested-database.ts';
import { openTestMigrator } from '../../support/test-migrator.ts';

const change = changeOf('part.size', {
  schema: 'app',
  from: 'integer',
  to: 'bigint',
  conversion: integerToBigint,
});
const NAMES = ['expand', 'backfill', 'enforce', 'contract', 'rename'] as const;

class CreatePart extends Migration {
  override up() {
    this.addSql('create table part (id bigint primary key, size integer not null)');
  }
  override down() {
    this.addSql('drop table part');
  }
}

const part = defineEntity({
  name: 'Part',
  schema: 'app',
  tableName: 'part',
  properties: { id: p.bigint().primary(), size: p.bigint() },
});

const database = databasePerTest('create schema app');
const { client } = database;

let role: TestRole;
beforeEach(async () => {
  role = await createRole(database.url);
  await client.rows(`
    grant create, usage on schema app, public to ${role.name};
    grant create on database "${database.name}" to ${role.name};
    alter role ${role.name} set search_path = app, public`);
  database.defer(async () => role[Symbol.asyncDispose]());
});

/** @param own options of the project */
const optionsOf = (own: { schema?: string; tableName?: string }) =>
  defineConfig({
    clientUrl: role.url,
    entities: [part],
    logger: () => undefined,
    ensureDatabase: false,
    ...(own.schema === undefined ? {} : { schema: own.schema }),
    ...onlineMigrations({
      migrations: {
        ...(own.tableName === undefined ? {} : { tableName: own.tableName }),
        migrationsList: [
          { name: '0001_part', class: CreatePart },
          ...NAMES.map((name, index) => ({
            name: `000${index + 2}_${name}`,
            class: class extends ColumnMigration {
              override readonly change = change;
              override readonly phase = phases[name];
            },
          })),
        ],
      },
    }),
  });

const ledgers = () =>
  client.rows(`
    select schemaname || '.' || tablename as name from pg_tables
    where tablename in ('mikro_orm_migrations', 'ledger') order by 1`);

describe('a role whose search_path does not begin with public', () => {
  it.each([
    [{}, 'public.mikro_orm_migrations'],
    [{ schema: 'app' }, 'app.mikro_orm_migrations'],
    [{ tableName: 'public.ledger' }, 'public.ledger'],
    [{ tableName: 'app.ledger' }, 'app.ledger'],
  ])('migrates up and down with %j, and has one ledger: %s', async (own, name) => {
    const options = optionsOf(own);
    {
      await using migrator = await openTestMigrator(options);
      await migrator.orm.migrator.up({ to: '0003_backfill' });
      expect(await migrator.applied()).toEqual(['0001', '0002', '0003']);
    }
    {
      await using migrator = await openTestMigrator(options);
      await migrator.orm.migrator.up();
      expect(await migrator.applied()).toHaveLength(6);
      expect(await ledgers()).toEqual([{ name }]);
      await migrator.orm.migrator.down({ to: '0004_enforce' });
      expect(await migrator.applied()).toHaveLength(4);
      await migrator.orm.migrator.down({ to: 0 });
      expect(await migrator.applied()).toEqual([]);
    }
  });

  it('gets the same ledger as MikroORM makes', async () => {
    const options = optionsOf({ schema: 'app' });
    {
      await using migrator = await openTestMigrator(options);
      await migrator.applied();
    }
    const described = () =>
      client.value(`
        select jsonb_agg(jsonb_build_object('name', attname, 'type', format_type(atttypid, atttypmod), 'notNull', attnotnull,
          'default', pg_get_expr(adbin, adrelid)) order by attnum)
        from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where attrelid = 'app.mikro_orm_migrations'::regclass and attnum > 0`);
    const made = await described();
    await client.rows('drop table app.mikro_orm_migrations');
    const { extensions: _, ...plain } = options;
    {
      await using migrator = await openTestMigrator({ ...plain, extensions: [Migrator] });
      await migrator.applied();
    }
    expect(made).toEqual(await described());
  });

  it('runs the phases of a configuration for all commands, and reads the ledger of earlier ones', async () => {
    const options = optionsOf({});
    await using migrator = await openTestMigrator(options);
    await migrator.orm.migrator.up({ to: '0001_part' });
    const { signal } = new AbortController();
    await runPhaseMigrations(options, change, ['expand', 'backfill', 'enforce'], 'up', signal);
    expect(await migrator.applied()).toHaveLength(4);
    expect(await ledgers()).toEqual([{ name: 'public.mikro_orm_migrations' }]);
  });
});
