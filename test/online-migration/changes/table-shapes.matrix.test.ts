import { describe, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { textToUuid } from '../../../src/online-migration/conversions/documents/text-to-uuid.ts';
import { varcharToText } from '../../../src/online-migration/conversions/texts/varchar-to-text.ts';
import { type ChangeCase, expectFullCycle } from '../../support/change-cycle.ts';
import type { LoadStatements } from '../../support/change-load.ts';
import { changeOf } from '../../support/change-of.ts';

const integer = (n: string) => `(${n} % 1000)::integer`;
const bigint = (n: string) => `(${n} % 1000)::bigint`;
const cents = (n: string) => `((${n} % 100000000)::numeric(12, 2) / 100)::numeric(12, 2)`;
const text = (n: string) => `'value ' || ${n}`;
const uuid = (n: string) => `('00000000-0000-4000-8000-' || lpad(to_hex(${n}), 12, '0'))`;

/** The key itself changes; each row that is made gets another one that refers to it. */
const keyLoad: LoadStatements = {
  insert: ({ column }) => `
    with made as (
      insert into account (n) values ($1::bigint) returning ${column} as id
    ), entry as (
      insert into entry (account_id) select id from made
    )
    select id::text as id from made`,
  update: ({ column }) =>
    `update account set n = $1::bigint where ${column}::text = $2 returning ${column} as id`,
  read: ({ column }) => `
    select n::text, exists (select from entry where account_id = account.${column}) as right from account where ${column}::text = $1`,
};

const SHAPES: Readonly<Record<string, ChangeCase>> = {
  'the primary key of a referenced table, an identity': {
    change: changeOf('account.id', { from: 'integer', to: 'bigint', conversion: integerToBigint }),
    setup: [
      `create table account (
        id integer generated always as identity (start 5 increment 3 minvalue 2 maxvalue 2000000000 cache 2) primary key,
        n bigint not null,
        parent_id integer,
        constraint parent foreign key (parent_id) references account (id) on delete set null
      )`,
      `create table entry (
        id bigint generated always as identity primary key,
        account_id integer not null references account (id) on delete cascade
      )`,
      `insert into account (n) select n from generate_series(1, 500) as n`,
      `update account set parent_id = 5 where id > 5`,
      `insert into entry (account_id) select id from account`,
      `comment on constraint account_pkey on account is 'its key'; comment on index account_pkey is 'its index';
       comment on constraint parent on account is 'a tree'; comment on column account.id is 'The key of it''s own'`,
      `comment on sequence account_id_seq is 'it''s all numbers'`,
      `grant usage on sequence account_id_seq to public; grant select on sequence account_id_seq to pg_monitor with grant option`,
    ],
    load: keyLoad,
    untouched: `
      select a.id, a.parent_id, count(e.id) as entries
      from account a left join entry e on e.account_id = a.id
      where a.n <= 500 group by a.id order by a.id`,
  },
  'the primary key of a referenced table, with a serial of its own': {
    change: changeOf('account.id', { from: 'integer', to: 'bigint', conversion: integerToBigint }),
    setup: [
      `create table account (id serial primary key, n bigint not null)`,
      `create table entry (id bigserial primary key, account_id integer not null references account (id))`,
      `insert into account (n) select n from generate_series(1, 500) as n`,
      `insert into entry (account_id) select id from account`,
    ],
    load: keyLoad,
    untouched: `select id, n from account where n <= 500 order by id`,
  },
  'a column in a unique constraint, with a foreign key, a default and an index': {
    change: changeOf('booking.seat_id', {
      from: { type: 'integer', default: '7' },
      to: { type: 'bigint', default: `'7'::bigint` },
      conversion: integerToBigint,
    }),
    value: { old: integer, new: bigint },
    setup: [
      `create table seat (id integer primary key)`,
      `insert into seat select n from generate_series(0, 999) as n`,
      `create table booking (
        id bigint generated always as identity primary key,
        n bigint not null,
        seat_id integer not null default 7 references seat (id),
        constraint "One seat" unique (n, seat_id)
      )`,
      `create index by_seat on booking (seat_id desc nulls last)`,
      `comment on index by_seat is 'for the plan of seats'; alter table booking alter seat_id set statistics 500`,
      `alter table booking alter seat_id set (n_distinct = 400, n_distinct_inherited = -0.5)`,
      `insert into booking (n, seat_id) select n, ${integer('n')} from generate_series(1, 500) as n`,
      `insert into booking (n) values (0)`,
      `alter table booking add constraint former foreign key (seat_id) references seat not valid`,
    ],
    untouched: `select id, seat_id from booking where n <= 0 order by id`,
  },
  'a composite key that the column is in, odd names and another schema': {
    change: changeOf('order "line".Total €', {
      schema: 'Ware house',
      key: ['tenant', 'Total €'],
      from: 'text',
      to: 'numeric(12,2)',
      newColumn: 'Total € "new"',
      conversion: textToNumeric(12, 2),
    }),
    value: { old: (n) => `(${cents(n)})::text`, new: cents },
    setup: [
      `create schema "Ware house"`,
      `create table "Ware house"."order ""line""" (
        id bigint generated always as identity unique,
        n bigint not null,
        tenant text not null default 'them',
        "Total €" text not null,
        primary key (tenant, "Total €")
      )`,
      `insert into "Ware house"."order ""line""" (n, "Total €") select n, ${cents('n')}::text from generate_series(1, 500) as n`,
      `insert into "Ware house"."order ""line""" (n, tenant, "Total €") values (0, 'us', '007.5'), (0, 'us', '8')`,
    ],
    untouched: `select tenant, "Total €" from "Ware house"."order ""line""" where n = 0 order by 2`,
  },
  'a uuid as the primary key, of which some are written in capitals': {
    change: changeOf('device.serial', {
      key: 'serial',
      from: 'varchar(36)',
      to: 'uuid',
      conversion: textToUuid,
    }),
    value: { old: uuid, new: (n) => `${uuid(n)}::uuid` },
    setup: [
      `create table device (
        id bigint generated always as identity, n bigint not null, serial varchar(36) primary key
      )`,
      `insert into device (n, serial) select n, ${uuid('n')} from generate_series(1, 500) as n`,
      `insert into device (n, serial) values (0, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11')`,
    ],
    untouched: `select id, serial from device where n = 0`,
  },
  'a table without any key': {
    change: changeOf('log.line', { key: [], from: 'varchar(50)', to: 'text', conversion: varcharToText(50) }),
    value: { old: text, new: text },
    setup: [
      `create table log (id bigint generated always as identity, n bigint not null, line varchar(50) not null)`,
      `insert into log (n, line) select n, ${text('n')} from generate_series(1, 500) as n`,
    ],
  },
  'a column that may be null and has a default, which a person has reviewed': {
    change: changeOf('stock.amount', {
      from: { type: 'integer', default: '7' },
      to: { type: 'bigint', default: `'7'::bigint` },
      conversion: integerToBigint,
      nullable: true,
      reviewed: ['default of amount'],
    }),
    value: { old: integer, new: bigint },
    setup: [
      `create table stock (
        id bigint generated always as identity primary key, n bigint not null, amount integer default 7
      )`,
      `insert into stock (n, amount) select n, ${integer('n')} from generate_series(1, 500) as n`,
      `insert into stock (n) values (0); insert into stock (n, amount) values (0, null)`,
    ],
    untouched: `select id, amount from stock where n = 0 order by id`,
  },
  'a default of null, and an index that is called as if it were of the new column': {
    change: changeOf('shelf.label', {
      from: 'varchar(50)',
      to: 'text',
      conversion: varcharToText(50),
      nullable: true,
    }),
    value: { old: text, new: text },
    setup: [
      `create table shelf (
        id bigint generated always as identity primary key, n bigint not null, label varchar(50) default null
      )`,
      `create index shelf_label_new_idx on shelf (label)`,
      `insert into shelf (n, label) select n, ${text('n')} from generate_series(1, 500) as n`,
      `insert into shelf (n) values (0)`,
    ],
    untouched: `select id, label from shelf where n = 0`,
  },
  "a key whose columns are called as the package's own queries call what they select": {
    change: changeOf('audit.key', {
      key: ['old_value', 'new_value'],
      from: 'varchar(50)',
      to: 'text',
      newColumn: 'value',
      conversion: varcharToText(50),
    }),
    columns: { id: 'old_value', n: 'n' },
    value: { old: text, new: text },
    setup: [
      `create table audit (
        old_value bigint generated always as identity, new_value bigint not null default 0, n bigint not null,
        key varchar(50) not null, primary key (old_value, new_value)
      )`,
      `insert into audit (n, key) select n, ${text('n')} from generate_series(1, 500) as n`,
    ],
  },
  'a partitioned table': {
    change: changeOf('reading.total', {
      key: ['n', 'id'],
      from: 'text',
      to: 'numeric(12,2)',
      conversion: textToNumeric(12, 2),
    }),
    value: { old: (n) => `(${cents(n)})::text`, new: cents },
    setup: [
      `create sequence reading_id`,
      `create table reading (
        id bigint not null default nextval('reading_id'), n bigint not null, total text not null, primary key (n, id)
      ) partition by range (n)`,
      `create table reading_1 partition of reading for values from (minvalue) to (1000000) partition by hash (id)`,
      `create table reading_1a partition of reading_1 for values with (modulus 2, remainder 0)`,
      `create table reading_1b partition of reading_1 for values with (modulus 2, remainder 1)`,
      `create table reading_2 partition of reading default`,
      `insert into reading (n, total) select n, ${cents('n')}::text from generate_series(1, 500) as n`,
      `insert into reading (n, total) values (0, '-0.5'), (0, '8')`,
    ],
    untouched: `select id, total from reading where n = 0 order by id`,
  },
};

describe('a column changes up, half-way back and all the way down under writes:', () => {
  it.each(Object.entries(SHAPES))('%s', async (_name, shape) => {
    await expectFullCycle(shape);
  });
});
