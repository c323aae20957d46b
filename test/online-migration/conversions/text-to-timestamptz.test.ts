import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { namesOf } from '../../../src/online-migration/change/names.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventColumn } from '../../support/event-change.ts';
import { createMigratedDatabase } from '../../support/event-project/migrator.ts';

const { forward, forwardInBulk, backward } = namesOf(eventColumn);

/** Texts that are no moment, though PostgreSQL's own cast takes many of them. */
const REJECTS = [
  'now',
  'today',
  'infinity',
  '-infinity',
  'epoch',
  '',
  ' ',
  '2024-01-01 24:00:00',
  '2024-01-01 23:59:60',
  '2024-01-01 23:60:00',
  '01/02/2024',
  '2023-02-29 10:00:00',
  '1900-02-29 10:00:00',
  '2024-02-30 10:00:00',
  '2024-04-31 10:00:00',
  '2024-00-10 10:00:00',
  '2024-13-10 10:00:00',
  '2024-01-00 10:00:00',
  '0000-01-01 00:00:00',
  ' 2024-01-01 10:00:00',
  '2024-01-01 10:00:00 ',
  '2024-01-01 10:00:00\n',
  '2024-01-01  10:00:00',
  '2024-01-01T10:00:00',
  '2024-01-01 10:00:00Z',
  '2024-01-01 10:00:00+02',
  '2024-01-01 10:00:00.',
  '2024-01-01 10:00:00.1234567',
  '2024-01-01 10:00:00,5',
  '2024-01-01 10:00',
  '2024-1-1 10:00:00',
  '24-01-01 10:00:00',
  '12024-01-01 10:00:00',
  '2024-01-01 10:00:00 BC',
  '٢٠٢٤-٠١-٠١ ١٠:٠٠:٠٠',
];

/** Texts that are a moment: the moment, and the text that the way back makes of it. */
const MOMENTS: [text: string, moment: string, back: string][] = [
  ['2024-01-01 10:00:00', '2024-01-01T10:00:00', '2024-01-01 10:00:00'],
  ['2024-02-29 23:59:59', '2024-02-29T23:59:59', '2024-02-29 23:59:59'],
  ['2000-02-29 00:00:00', '2000-02-29T00:00:00', '2000-02-29 00:00:00'],
  ['0001-01-01 00:00:00', '0001-01-01T00:00:00', '0001-01-01 00:00:00'],
  ['9999-12-31 23:59:59.999999', '9999-12-31T23:59:59.999999', '9999-12-31 23:59:59.999999'],
  ['2024-03-31 02:30:00', '2024-03-31T02:30:00', '2024-03-31 02:30:00'],
  ['2024-01-01 10:00:00.5', '2024-01-01T10:00:00.5', '2024-01-01 10:00:00.5'],
  ['2024-01-01 10:00:00.500', '2024-01-01T10:00:00.5', '2024-01-01 10:00:00.5'],
  ['2024-01-01 10:00:00.000000', '2024-01-01T10:00:00', '2024-01-01 10:00:00'],
];

/** Settings under which a careless conversion gives something else. */
const SETTINGS: [timeZone: string, dateStyle: string, searchPath: string][] = [
  ['UTC', 'ISO, MDY', 'public'],
  ['America/New_York', 'SQL, DMY', 'public'],
  ['Asia/Kathmandu', 'German, DMY', 'hostile, pg_catalog'],
];

const resources = new AsyncDisposableStack();
let client: DatabaseClient;

beforeAll(async () => {
  const database = resources.use(await createMigratedDatabase('0002'));
  client = resources.use(await connect(database.url));
  // An operator and a function that a search_path could put in front of PostgreSQL's own.
  await client.rows(`create schema hostile`);
  await client.rows(`
    create function hostile.always(text, text) returns boolean language sql immutable as 'select true'`);
  await client.rows(`create operator hostile.~ (leftarg = text, rightarg = text, function = hostile.always)`);
  await client.rows(`
    create function hostile.to_char(timestamp, text) returns text language sql immutable as $$select 'hostile'$$`);
});
afterAll(() => resources.disposeAsync());

describe.each(SETTINGS)(
  'with TimeZone %s, DateStyle %s and search_path %s',
  (timeZone, dateStyle, searchPath) => {
    beforeAll(async () => {
      await client.rows(`select set_config('timezone', $1, false), set_config('datestyle', $2, false)`, [
        timeZone,
        dateStyle,
      ]);
      await client.rows(`select set_config('search_path', $1, false)`, [searchPath]);
    });

    it.each(REJECTS)('%j is a reject', async (text) => {
      const [row] = await client.rows(`select ${forward}($1) as one, ${forwardInBulk}($1) as many`, [text]);
      expect(row).toEqual({ one: null, many: null });
    });

    it.each(MOMENTS)('%j is the moment %s, and %j on the way back', async (text, moment, back) => {
      const [row] = await client.rows(
        `select pg_catalog.to_char(${forward}($1) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') as there,
        ${backward}(${forward}($1)) as back, ${forward}($1) = ${forwardInBulk}($1) as "isSameInBulk"`,
        [text],
      );
      const [seconds, fraction = ''] = moment.split('.');
      expect(row).toEqual({ there: `${seconds}.${fraction.padEnd(6, '0')}`, back, isSameInBulk: true });
    });

    it.each(['infinity', '-infinity', '10000-01-01 00:00:00+00', '0001-12-31 23:59:59+00 BC'])(
      'the new value %s has no text',
      async (moment) => {
        expect(await client.value(`select ${backward}($1::timestamptz)`, [moment])).toBeNull();
      },
    );
  },
);

describe('every day of four centuries', () => {
  it('is a moment if, and only if, the calendar has it', async () => {
    const wrong = await client.rows(`
      select text
      from generate_series(1799, 2201) as year,
        generate_series(0, 13) as month,
        generate_series(0, 32) as day,
        lateral (select format('%s-%s-%s 10:00:00', to_char(year, 'FM0000'), to_char(month, 'FM00'), to_char(day, 'FM00')) as text) as t
      where ${forward}(text) is distinct from ${forwardInBulk}(text) or (${forward}(text) is not null) <> (
        month between 1 and 12 and day between 1
          and extract(day from make_date(year, greatest(least(month, 12), 1), 1) + interval '1 month - 1 day')
      )
      limit 5`);
    expect(wrong).toEqual([]);
  });
});

describe('a moment of which any one byte is another', () => {
  it('is converted in bulk as it is alone', async () => {
    const wrong = await client.rows(`
      select text
      from unnest(array['2024-01-31 10:59:00', '1900-12-01 23:00:59', '2199-11-30 00:00:00']) as moment,
        generate_series(1, 19) as place,
        generate_series(1, 127) as byte,
        lateral (select overlay(moment placing chr(byte) from place) as text) as t
      where ${forward}(text) is distinct from ${forwardInBulk}(text)
      limit 5`);
    expect(wrong).toEqual([]);
  });
});
