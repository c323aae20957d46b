import { expect, it } from '@jest/globals';
import { typeAlias } from '../../../src/online-migration/new-change/type-alias.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const { client } = databasePerFile();

it.each([
  ['character varying(50)', 'varchar(50)'],
  ['character varying', 'varchar'],
  ['character varying(3)[]', 'varchar(3)[]'],
  ['timestamp with time zone', 'timestamptz'],
  ['timestamp(3) with time zone[]', 'timestamptz(3)[]'],
  ['timestamp(0) without time zone', 'timestamp(0)'],
  ['time with time zone', 'timetz'],
  ['time without time zone', 'time'],
  ['numeric(12,2)', 'numeric(12,2)'],
  ['bit varying(4)', 'bit varying(4)'],
])('%s is written as %s, which is the same type', async (type, alias) => {
  expect(typeAlias(type)).toBe(alias);
  await client.rows(`create table typed (value ${alias})`);
  expect(
    await client.value(
      `select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'typed'::regclass and attnum = 1`,
    ),
  ).toBe(type);
});

it('a type of the user has its own name', () => {
  expect(typeAlias('"timestamp with time zone"')).toBe('"timestamp with time zone"');
  expect(typeAlias('shop.state')).toBe('shop.state');
});
