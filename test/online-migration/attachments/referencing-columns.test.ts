import { expect, it } from '@jest/globals';
import {
  isNarrower,
  readReferencingColumns,
} from '../../../src/online-migration/attachments/referencing-columns.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile();
const { client } = database;

/** The columns that refer to a column, in their order. */
const referencing = async (table: string, column: string) =>
  (await readReferencingColumns(client, { table, column })).map(({ name }) => name);

it('reads columns of other tables, of the table itself, of composite keys and behind other keys, each once', async () => {
  await client.rows(`
    create table customer (id integer primary key, parent integer references customer, nothing integer);
    create table account (customer_id integer primary key references customer, owner integer references customer);
    create table "Odd ""Name" ("Account" integer references account, customer integer references customer, n integer,
      unique (n, "Account"));
    create table line ("of" integer, n integer, foreign key (n, "of") references "Odd ""Name" (n, "Account"))`);
  expect(await referencing('customer', 'id')).toEqual([
    '"Odd ""Name".customer',
    'line.of',
    '"Odd ""Name"."Account"',
    'account.customer_id',
    'account.owner',
    'customer.parent',
  ]);
  expect(await referencing('customer', 'nothing')).toEqual([]);
  expect(await referencing('"Odd ""Name"', 'n')).toEqual(['line.n']);
  const [, line] = await readReferencingColumns(client, { table: 'customer', column: 'id' });
  expect(line).toEqual({
    schema: 'public',
    table: 'line',
    column: 'of',
    type: 'integer',
    name: 'line.of',
    targets: ['"Odd ""Name"."Account"'],
    isDirect: false,
  });
});

it('ends in a circle of references', async () => {
  await client.rows(`
    create table one (id integer primary key);
    create table two (id integer primary key references one);
    alter table one add foreign key (id) references two`);
  expect(await referencing('one', 'id')).toEqual(['two.id']);
  expect(await referencing('two', 'id')).toEqual(['one.id']);
});

it('names the partitioned table for its partitions, at both ends', async () => {
  await client.rows(`
    create table place (id integer primary key) partition by range (id);
    create table place_1 partition of place for values from (0) to (100);
    create table visit (place_id integer, of_partition integer) partition by list (place_id);
    create table visit_1 partition of visit for values in (1) partition by list (place_id);
    create table visit_1_1 partition of visit_1 for values in (1);
    create table note (place_id integer references place_1);
    alter table visit add foreign key (place_id) references place;
    alter table visit_1_1 add foreign key (of_partition) references place_1`);
  expect(await referencing('place', 'id')).toEqual(['note.place_id', 'visit.of_partition', 'visit.place_id']);
  expect(await referencing('place_1', 'id')).toEqual([
    'note.place_id',
    'visit.of_partition',
    'visit.place_id',
  ]);
});

it.each([
  ['integer', 'bigint', true],
  ['smallint', 'integer', true],
  ['bigint', 'integer', false],
  ['bigint', 'bigint', false],
  ['character varying(10)', 'character varying(20)', true],
  ['character varying(10)', 'text', true],
  ['text', 'character varying', false],
  ['text', 'character varying(10)', false],
  ['integer', 'text', false],
  ['numeric(5,2)', 'numeric(9,2)', false],
])('%s is narrower than %s: %s', (one, other, expected) => {
  expect(isNarrower(one, other)).toBe(expected);
});
