import { setImmediate } from 'node:timers/promises';
import { Migration } from '@mikro-orm/migrations';
import { describe, expect, it } from '@jest/globals';
import { declareSchema, type OnlineMigrationEvent } from '../../../src/online-migration/index.ts';
import { findSchemaPresences, isOlderThan } from '../../../src/online-migration/follow/schema-presence.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { openOrdinaryProject } from '../../support/ordinary-project.ts';

const database = databasePerFile(
  `create table "Odd ""orders" (id bigint primary key, note text null)`,
  `insert into "Odd ""orders" select n, 'note' from generate_series(1, 100) n`,
);
const { client } = database;

class DropNote extends Migration {
  override up(): void {
    this.addSql(`create table made (id int)`);
    this.addSql(`
      -- online: after 0012_stop_using_note
      alter table "Odd ""orders" drop column note`);
    this.addSql(`drop table made`);
  }
}

const columns = () =>
  client.rows(
    `select attname as name from pg_attribute where attrelid = '"Odd ""orders"'::regclass and attnum > 0 and not attisdropped`,
  );
const declare = (newestMigration: string, log: string[] = []) =>
  declareSchema({ newestMigration, connection: database.url, log: (line) => log.push(line) });

describe('a statement that takes something away', () => {
  it('waits until no process declares that it was built before the named migration', async () => {
    const events: OnlineMigrationEvent[] = [];
    await using migrator = await openOrdinaryProject(database, { '0014': DropNote }, { events });
    await using _newer = await declare('0012_stop_using_note_for_good');
    const older = await declare('0011_add_note');
    const migrated = migrator.orm.migrator.up();
    await migrator.logged(
      /waiting up to 30 s for 1 processes that were built before 0012_stop_using_note: .*built for 0011_add_note/,
    );
    expect(await columns()).toHaveLength(2);
    await older[Symbol.asyncDispose]();
    await migrated;
    expect(await columns()).toEqual([{ name: 'id' }]);
    expect(await migrator.applied()).toEqual(['0014']);
    expect(events.filter(({ type }) => type === 'waiting-for-older-processes')).toMatchObject([
      { migration: '0014', after: '0012_stop_using_note', processes: [{ newestMigration: '0011_add_note' }] },
    ]);
    expect(events.filter(({ type }) => type === 'table-in-use')).toEqual([]);
  });

  it('fails after the longest wait, and goes on when the process has ended', async () => {
    await using migrator = await openOrdinaryProject(
      database,
      { '0014': DropNote },
      { settings: { switchoverWaitMs: 300 } },
    );
    const older = await declare('0003');
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject({
      ...refusedWith(
        'OLDER_PROCESSES',
        /0014 waits for processes that were built before 0012_stop_using_note, and after 0\.3 s these still run/,
      ),
      details: { processes: [{ newestMigration: '0003' }] },
    });
    expect([await columns(), await migrator.applied()]).toEqual([[{ name: 'id' }, { name: 'note' }], []]);
    await older[Symbol.asyncDispose]();
    await migrator.orm.migrator.up();
    expect(await migrator.applied()).toEqual(['0014']);
  });

  it('waits too if the migration sends it itself', async () => {
    class Sends extends Migration {
      override async up(): Promise<void> {
        await this.execute(`
          -- online: after 0012
          alter table "Odd ""orders" drop column note`);
      }
    }
    await using migrator = await openOrdinaryProject(
      database,
      { '0014': Sends },
      { settings: { switchoverWaitMs: 300 } },
    );
    await using _older = await declare('0003');
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject(
      refusedWith('OLDER_PROCESSES', 'built for 0003'),
    );
    expect(await columns()).toHaveLength(2);
  });

  it.each([
    `alter table "Odd ""orders" drop column note`,
    `alter table "Odd ""orders" rename note to remark`,
    `alter table "Odd ""orders" rename to "orders"`,
    `drop table "Odd ""orders"`,
  ])('names the sessions that have used the table if it does not wait: %s', async (statement) => {
    class Removes extends Migration {
      override up(): void {
        this.addSql(statement);
      }
    }
    const events: OnlineMigrationEvent[] = [];
    await using migrator = await openOrdinaryProject(database, { '0014': Removes }, { events });
    const user = await database.connect('an old version');
    await user.rows(`select note from "Odd ""orders"`);
    await migrator.orm.migrator.up();
    expect(events.filter(({ type }) => type === 'table-in-use')).toMatchObject([
      {
        migration: '0014',
        tables: ['"Odd ""orders"'],
        sessions: expect.arrayContaining([expect.objectContaining({ application: 'an old version' })]),
      },
    ]);
  });

  it('is refused with a comment that the package does not know', async () => {
    class Misspelt extends Migration {
      override up(): void {
        this.addSql(`-- online: afer 0012\nalter table "Odd ""orders" drop column note`);
      }
    }
    await using migrator = await openOrdinaryProject(database, { '0014': Misspelt });
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject(
      refusedWith('COMMENT_NOT_KNOWN', '`-- online: afer 0012` is no comment that the package knows'),
    );
    expect(await columns()).toHaveLength(2);
  });
});

const built = (newestMigration: string) => ({
  newestMigration,
  pid: 1,
  process: 'host:1',
  address: null,
});

describe('a declaration of the schema', () => {
  it('comes back when its connection is lost', async () => {
    const log: string[] = [];
    await using _declared = await declare('Migration20260301120000_add_note', log);
    const [first] = await findSchemaPresences(client);
    expect(first).toMatchObject({
      newestMigration: 'Migration20260301120000',
      process: expect.stringMatching(new RegExp(`:${process.pid}$`)),
    });
    await client.rows(`select pg_terminate_backend($1)`, [first!.pid]);
    while (log.length < 2) await setImmediate();
    const [again] = await findSchemaPresences(client);
    expect(again).toMatchObject({ newestMigration: 'Migration20260301120000' });
    expect(again!.pid).not.toBe(first!.pid);
    expect(log).toEqual([
      expect.stringContaining('The presence session is lost'),
      'The presence session is back.',
    ]);
  });

  it('is compared as MikroORM sorts migrations', () => {
    expect(isOlderThan(built('Migration20260301120000'), 'Migration20260301120001_x')).toBe(true);
    expect(isOlderThan(built('Migration20260301120001'), 'Migration20260301120001_x')).toBe(false);
    expect(isOlderThan(built('0009_x'), '0010_a')).toBe(true);
    expect(isOlderThan(built('0010_b'), '0010_a')).toBe(false);
  });
});
