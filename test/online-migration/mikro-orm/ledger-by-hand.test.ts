import { describe, expect, it } from '@jest/globals';
import { Migration } from '@mikro-orm/migrations';
import { OnlineMigration } from '../../../src/online-migration/mikro-orm/index.ts';
import { openOrdinaryProject } from '../../support/ordinary-project.ts';
import type { TestMigrator } from '../../support/test-migrator.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile();
const { client } = database;

const DUPLICATES = `insert into orders select 1000 + n, 7 from generate_series(1, 2) n`;

class Makes extends Migration {
  override up(): void {
    this.addSql(`create table if not exists orders (id int primary key, total int)`);
    this.addSql(`insert into orders select n, n from generate_series(1, 100) n`);
  }
}

/** Fails in the middle if two rows have the same total. */
class Unique extends OnlineMigration {
  override async up(): Promise<void> {
    this.addSql(`alter table orders add cents int null`);
    await this.fill({ table: 'orders', set: { cents: 'total * 100' }, where: 'cents is null' });
    this.addSql(`create unique index orders_total on orders (total)`);
  }

  override down(): void {
    this.addSql(`drop index orders_total`);
    this.addSql(`-- online: accepted nobody reads it\nalter table orders drop column cents`);
  }
}

const openProject = () => openOrdinaryProject(database, { '0001': Makes, '0002': Unique });

async function openInterrupted(): Promise<TestMigrator> {
  const migrator = await openProject();
  await migrator.orm.migrator.up({ to: '0001' });
  await client.rows(DUPLICATES);
  await expect(migrator.orm.migrator.up()).rejects.toMatchObject({ code: 'MIGRATION_STEP_FAILED' });
  await client.rows(`delete from orders where id > 1000`);
  return migrator;
}

const isDone = () => client.value(`select to_regclass('orders_total') is not null`);

describe('the progress of an interrupted ordinary migration', () => {
  it('ends with the ledger, and the migration begins again', async () => {
    {
      await using interrupted = await openInterrupted();
      // As `migration:fresh` does.
      await interrupted.orm.schema.drop({ dropMigrationsTable: true });
    }
    await client.rows('drop table orders');
    await using migrator = await openProject();
    await migrator.orm.migrator.up();
    expect([await isDone(), await migrator.applied()]).toEqual([true, ['0001', '0002']]);
  });

  it('ends when the migration is logged, and it goes down', async () => {
    await using migrator = await openInterrupted();
    await client.rows('create unique index orders_total on orders (total)');
    await migrator.orm.migrator.logMigration('0002');
    await migrator.orm.migrator.down();
    expect([await isDone(), await migrator.applied()]).toEqual([false, ['0001']]);
    expect(await client.rows(`select from pg_namespace where nspname = 'online_migration'`)).toEqual([]);
  });
});
