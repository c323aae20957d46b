import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { createTestDatabase } from '../../support/test-server.ts';

/** Each text with its expected timestamp; null for a reject. */
const VALUES: [text: string, timestamp: string | null][] = [
  ['2024-01-01 10:00:00', '2024-01-01 10:00:00'],
  ['2024-07-01 10:00:00.123', '2024-07-01 10:00:00.123'],
  ['2024-07-01 10:00:00.100000', '2024-07-01 10:00:00.1'],
  ['2024-03-31 02:30:00', '2024-03-31 02:30:00'],
  ['2024-02-29 23:59:59', '2024-02-29 23:59:59'],
  ['0001-01-01 00:00:00', '0001-01-01 00:00:00'],
  ['9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999'],
  ['now', null],
  ['today', null],
  ['infinity', null],
  ['epoch', null],
  ['2024-01-01 24:00:00', null],
  ['2024-01-01 10:00:60', null],
  ['01/02/2024', null],
  ['2023-02-29 10:00:00', null],
  ['', null],
  [' 2024-01-01 10:00:00', null],
  ['2024-01-01 10:00:00 ', null],
  ['2024-01-01T10:00:00Z', null],
];
const TIMESTAMPS = VALUES.filter(([, timestamp]) => timestamp !== null);
const REJECTS = VALUES.filter(([, timestamp]) => timestamp === null).map(([text]) => text);

/** Database settings under which PostgreSQL's own casts behave differently. */
const DATABASE_SETTINGS: [timeZone: string, dateStyle: string][] = [
  ['UTC', 'ISO, MDY'],
  ['America/New_York', 'SQL, DMY'],
];

/** The expected rows of a stage for these values. */
function expected(values: [string, string | null][]) {
  return values.map(([text, timestamp]) => ({ text, timestamp }));
}

describe.each(DATABASE_SETTINGS)(
  'with TimeZone %s and DateStyle %s as settings of the database',
  (timeZone, dateStyle) => {
    const resources = new AsyncDisposableStack();
    let client: DatabaseClient;
    let migrator: TestMigrator;

    beforeAll(async () => {
      const database = resources.use(await createTestDatabase());
      {
        await using settings = await connect(database.url);
        await settings.rows(`alter database ${database.name} set timezone = '${timeZone}'`);
        await settings.rows(`alter database ${database.name} set datestyle = '${dateStyle}'`);
      }
      client = resources.use(await connect(database.url));
      migrator = resources.use(await openMigrator(database.url));
      await migrator.go('0001');
      await client.rows(`insert into large_record (name, created_at) select 'before', unnest($1::text[])`, [
        VALUES.map(([text]) => text),
      ]);
    });
    afterAll(() => resources.disposeAsync());

    /** The stage's result for each text; the timestamp in UTC, without a zero fraction. */
    const pairs = (name: string) =>
      client.rows<{ text: string; timestamp: string | null }>(
        `
      select created_at as text,
        rtrim(rtrim(to_char(created_at_new at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '0'), '.') as timestamp
      from large_record where name = $1 order by id`,
        [name],
      );
    const write = (name: string, text: string) =>
      client.rows(`insert into large_record (name, created_at) values ($1, $2)`, [name, text]);

    it('applies to every session', async () => {
      expect(
        await client.rows(
          `select current_setting('timezone') as zone, current_setting('datestyle') as style`,
        ),
      ).toEqual([{ zone: timeZone, style: dateStyle }]);
    });

    it('expanded: a write of any value succeeds, and converts where there is a timestamp', async () => {
      await migrator.go('0002');
      for (const [text] of VALUES) await write('expanded', text);
      expect(await pairs('expanded')).toEqual(expected(VALUES));
      expect((await pairs('before')).every(({ timestamp }) => timestamp === null)).toBe(true);
    });

    it('backfilled: every row that has a timestamp has it', async () => {
      await migrator.go('0003');
      expect(await pairs('before')).toEqual(expected(VALUES));
      for (const [text] of VALUES) await write('backfilled', text);
      expect(await pairs('backfilled')).toEqual(expected(VALUES));
    });

    it('enforce fails: its error has the number, the first ten rows, a query for all and the remedy; nothing is changed', async () => {
      const failure = await migrator.go('0004').then(
        () => undefined,
        (error: Error) => error,
      );
      const message = failure!.message;
      const rejects = 3 * REJECTS.length;
      expect(message).toContain(`${rejects} rows have a value that timestamptz cannot take`);
      expect(message.match(/^ {2}id \d+: ".*"$/gm)).toHaveLength(10);
      expect(message).toContain('id 8: "now"');
      expect(message).toContain('Correct these values in created_at');
      const query = /All of them: (.*)/.exec(message)![1]!;
      expect(await client.rows(query)).toHaveLength(rejects);
      expect(await migrator.applied()).toEqual(['0001', '0002', '0003']);
      const checks = await client.value<string>(`
      select count(*) from pg_constraint where conrelid = 'large_record'::regclass and contype = 'c'`);
      expect(checks).toBe('0');
      await write('still lenient', 'now');
    });

    it('keeps the rejects with key, raw value and reason', async () => {
      const rejects = await client.rows<{ key: string; raw_value: string; reason: string }>(`
      select key, raw_value, reason from online_migration.reject order by key::bigint limit ${REJECTS.length}`);
      expect(rejects.map(({ raw_value }) => raw_value)).toEqual(REJECTS);
      expect(rejects[0]).toEqual({
        key: '8',
        raw_value: 'now',
        reason: 'no equal value of type timestamptz',
      });
    });

    it('enforced, after the rejects are fixed: a write of such a value fails with 22007, through either column', async () => {
      await client.rows(`delete from large_record where created_at_new is null`);
      await migrator.go('0004');
      for (const text of REJECTS) {
        await expect(write('enforced', text)).rejects.toMatchObject({
          code: '22007',
          message: `The value '${text}' of column created_at has no equal of type timestamptz.`,
          column: 'created_at',
          table: 'large_record',
        });
      }
      for (const timestamp of ['infinity', '12000-01-01 00:00:00+00']) {
        await expect(
          client.rows(`insert into large_record (name, created_at_new) values ('enforced', $1)`, [timestamp]),
        ).rejects.toMatchObject({ code: '22007', column: 'created_at_new' });
      }
      for (const [text] of TIMESTAMPS) await write('enforced', text);
      expect(await pairs('enforced')).toEqual(expected(TIMESTAMPS));
    });

    it('after the whole change and its revert: every text is byte-identical', async () => {
      await client.rows(
        `insert into large_record (name, created_at_new) values ('new', '2024-05-05 05:05:05+00')`,
      );
      const texts = () => client.rows(`select id, created_at from large_record order by id`);
      const before = await texts();
      await migrator.go('0006');
      const timestamps = await client.rows<{ text: string; timestamp: string }>(`
      select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as timestamp
      from large_record where name = 'enforced' order by id`);
      expect(timestamps.map(({ timestamp }) => timestamp)).toEqual(
        TIMESTAMPS.map(([, timestamp]) => timestamp!.slice(0, 19)),
      );
      await migrator.go('0001');
      expect(await texts()).toEqual(before);
    });
  },
);
