import { describe, expect, it } from '@jest/globals';
import type { ObstacleCode } from '../../../src/online-migration/change/obstacle-codes.ts';
import { findObstacles } from '../../../src/online-migration/attachments/obstacles/obstacles.ts';
import type { Conversion } from '../../../src/online-migration/change/column-change.ts';
import { textToBytea } from '../../../src/online-migration/conversions/documents/text-to-bytea.ts';
import {
  centsToNumeric,
  numericToCents,
} from '../../../src/online-migration/conversions/numbers/numeric-to-cents.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { connect } from '../../support/database-client.ts';
import { expectFullCycle } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { createTableOwner } from '../../support/roles.ts';

const database = databasePerFile(`drop publication if exists amounts`);
const { client } = database;

const PART = `
  create table part (
    id bigint generated always as identity primary key, n bigint not null, amount numeric(12,2) not null, fee numeric(12,2) not null default 0
  );
  insert into part (n, amount) select n, n from generate_series(1, 100) as n`;

const cents = changeOf('part.amount', {
  from: 'numeric(12,2)',
  to: 'bigint',
  conversion: numericToCents(2, 12),
  reviewed: ['publication amounts'],
});
const [amount] = cents.columns;
const both = {
  ...cents,
  columns: [
    amount!,
    {
      ...amount!,
      from: { ...amount!.from, name: 'fee', default: '0' },
      to: { name: 'fee_new', type: 'bigint', default: '0' },
    },
  ],
};

/** Definitions that mean the same for cents, because they compare with zero or with null only. */
const SAME_MEANING = [
  `alter table part add constraint positive check (amount >= 0 and (amount > (0)::numeric or 0 = amount) and amount is not null)`,
  `create index paid on part (amount, n) where amount > 0.00`,
  `alter table part enable row level security; create policy visible on part using (amount >= 0)`,
  `create view shown as select p.id, p.amount as total, n * 2 as twice from part p where p.amount <> 0 order by p.amount;
   create view by_n as select n % 10 as n, sum(total) as total, max(total) as greatest from shown join part using (id) where total > 0 group by n % 10, total`,
];

/** Definitions that PostgreSQL accepts for cents too, with another meaning. */
type Refused = readonly [setup: string, code: ObstacleCode, named: string];

const OTHER_MEANING: readonly Refused[] = [
  [`alter table part add constraint small check (amount <= 1000)`, 'CHECK_NOT_CARRIED', 'small'],
  [
    `alter table part add constraint small check (amount in (0, 1, 2) or n > 0)`,
    'CHECK_NOT_CARRIED',
    'small',
  ],
  [
    `alter table part add constraint rounded check (amount = round(amount, 2))`,
    'CHECK_NOT_CARRIED',
    'rounded',
  ],
  [`alter table part add constraint above_fee check (amount >= fee)`, 'CHECK_NOT_CARRIED', 'above_fee'],
  [
    `alter table part add constraint whole check (amount >= 0 and amount::integer <> 0 or n > 0)`,
    'CHECK_NOT_CARRIED',
    'whole',
  ],
  [`create index big on part (id) where amount > 20`, 'INDEX_NOT_CARRIED', 'big'],
  [`create index doubled on part ((amount * 2))`, 'INDEX_NOT_CARRIED', 'doubled'],
  [`create policy few on part using (amount < 10)`, 'POLICY_NOT_CARRIED', 'few'],
  [`create policy few on part for insert with check (amount < 10)`, 'POLICY_NOT_CARRIED', 'few'],
  [
    `create table other (id bigint); create policy few on other using (exists (select from part where part.id = other.id and part.amount < 10))`,
    'POLICY_NOT_CARRIED',
    'few',
  ],
  [`create view big as select id from part where amount > 20`, 'VIEW_NOT_CARRIED', 'public.big'],
  [
    `create view shown as select id, amount as total from part; create view big as select id from shown where total > 20`,
    'VIEW_NOT_CARRIED',
    'public.big',
  ],
  [`create view taxed as select id, amount * 1.19 as total from part`, 'VIEW_NOT_CARRIED', 'public.taxed'],
  [
    `create view found as select id, amount from part group by id, amount having sum(amount) > 20`,
    'VIEW_NOT_CARRIED',
    'public.found',
  ],
  [
    `create materialized view stored as select id, amount as total from part; create index big on stored (id) where total > 20`,
    'VIEW_NOT_CARRIED',
    'public.stored',
  ],
  [
    `create function note() returns trigger language plpgsql as 'begin return null; end';
     create trigger noted after update of amount on part for each row when (new.amount > 20) execute function note()`,
    'TRIGGER_NOT_CARRIED',
    'noted',
  ],
  ...(SERVER_MAJOR >= 15
    ? [
        [
          `alter table part replica identity full; create publication amounts for table part where (amount > 20)`,
          'FILTER_NOT_CARRIED',
          'amounts',
        ] satisfies Refused,
      ]
    : []),
  ...(SERVER_MAJOR >= 18
    ? [
        [
          `alter table part add twice numeric generated always as (amount * 2) virtual`,
          'GENERATED_COLUMN_NOT_CARRIED',
          'twice',
        ] satisfies Refused,
      ]
    : []),
];

function withCast(definitions: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(definitions).map(([name, text]) => [
      name,
      text.replaceAll('(amount >', '((amount)::numeric >'),
    ]),
  );
}

describe('a conversion to cents', () => {
  it.each(OTHER_MEANING)('is refused for %s', async (setup, code, named) => {
    await client.rows(PART);
    await client.rows(setup);
    expect(await findObstacles(client, cents)).toMatchObject([refusedWith(code, named)]);
    await expect(database.runPhases(cents, [expand])).rejects.toMatchObject({ code: 'OBSTACLES' });
  });

  it('tells a value that changes', async () => {
    await client.rows(PART);
    await client.rows(`alter table part add constraint small check (amount <= 1000)`);
    expect((await findObstacles(client, cents)).map(({ message }) => message)).toEqual([
      'The check small, (amount <= (1000)::numeric), does not fit bigint: the conversion of amount changes values, such as 1 to 100, ' +
        'so that the same condition or expression would mean something else for bigint. Declare its condition for both types, under ' +
        'this name, in `from.checks` and `to.checks`.',
    ]);
  });

  it('is carried out with definitions that mean the same', async () => {
    await expectFullCycle({
      change: cents,
      value: { old: (n) => `(${n} % 1000)::numeric(12,2)`, new: (n) => `(${n} % 1000) * 100` },
      setup: [PART, ...SAME_MEANING],
      // PostgreSQL compares a bigint with a numeric constant by a conversion of the column.
      afterwards: (schema) => ({
        ...schema,
        indexes: withCast(schema.indexes),
        policies: withCast(schema.policies),
      }),
    });
  });

  it('is carried out for a check with both conditions declared', async () => {
    const declared = changeOf('part.amount', {
      from: { type: 'numeric(12,2)', checks: { small: 'amount <= 1000' } },
      to: { type: 'bigint', checks: { small: 'amount <= 100000' } },
      conversion: numericToCents(2, 12),
    });
    await client.rows(PART);
    await client.rows(`alter table part add constraint small check (amount <= 1000)`);
    expect(await findObstacles(client, declared)).toEqual([]);
  });

  it('keeps a comparison of two columns that both change', async () => {
    await client.rows(PART);
    await client.rows(`alter table part add constraint above_fee check (amount >= fee)`);
    expect(await findObstacles(client, both)).toEqual([]);
  });
});

describe('other conversions that change values', () => {
  const cases: readonly (readonly [
    title: string,
    type: string,
    to: string,
    conversion: Conversion,
    fits: string,
    refused: string,
  ])[] = [
    ['from cents', 'bigint', 'numeric(12,2)', centsToNumeric(2, 12), 'value >= 0', 'value < 100000000'],
    ['of hex digits', 'text', 'bytea', textToBytea('hex'), 'value is not null', 'length(value) <= 64'],
    [
      'of our own, between texts',
      'text',
      'text',
      {
        forward: (value) => `upper(${value} collate "C")`,
        backward: (value) => `lower(${value} collate "C")`,
      },
      `value <> '12'`,
      `not starts_with(value, 'ab')`,
    ],
    [
      'of our own, that takes the sign away',
      'integer',
      'bigint',
      { forward: (value) => `abs(${value}::bigint)`, backward: 'not reversible' },
      'value <> 0',
      'value < 10 or value is null',
    ],
    [
      'of our own, that turns the order around',
      'integer',
      'bigint',
      { forward: (value) => `(-${value}::bigint)`, backward: (value) => `(-${value})::integer` },
      'value <> 0',
      'value >= 0',
    ],
  ];

  it.each(cases)('%s', async (_title, from, to, conversion, fits, refused) => {
    const change = changeOf('item.value', { from, to, conversion });
    await client.rows(`create table item (id bigint primary key, value ${from} not null, check (${fits}))`);
    expect(await findObstacles(client, change)).toEqual([]);
    await client.rows(`alter table item add constraint other check (${refused})`);
    expect(await findObstacles(client, change)).toMatchObject([refusedWith('CHECK_NOT_CARRIED', 'other')]);
  });

  it('may use a function that raises an error of its own for a value that is only tried', async () => {
    await client.rows(`
      create table item (id bigint primary key, value text not null, check (value <> ''));
      create function strict(value text) returns text language plpgsql immutable as $$
      begin if value !~ '^x' then raise 'not ours: %', value; end if; return value; end $$`);
    const change = changeOf('item.value', {
      from: 'text',
      to: 'text',
      conversion: { forward: (value) => `public.strict(${value})`, backward: (value) => value },
    });
    expect(await findObstacles(client, change)).toEqual([]);
  });

  it('is found in the rows of the table, for a role that has no other right', async () => {
    const change = changeOf('item.value', {
      from: 'text',
      to: 'text',
      conversion: {
        forward: (value) => `replace(${value}, 'Ltd.', 'Limited')`,
        backward: (value) => `replace(${value}, 'Limited', 'Ltd.')`,
      },
    });
    await client.rows(
      `create table item (id bigint primary key, value text not null, check (length(value) < 12))`,
    );
    await using owner = await createTableOwner(database.url, 'item');
    await client.rows(`grant usage on schema public to ${owner.name}`);
    await using own = await connect(owner.url);
    expect(await findObstacles(own, change)).toEqual([]);
    await own.rows(`insert into item values (1, 'Any'), (2, 'Odd Ltd.')`);
    expect(await findObstacles(own, change)).toMatchObject([
      refusedWith('CHECK_NOT_CARRIED', 'such as Odd Ltd. to Odd Limited'),
    ]);
  });
});
