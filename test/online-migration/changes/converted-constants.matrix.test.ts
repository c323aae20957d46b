import { describe, expect, it } from '@jest/globals';
import { findObstacles } from '../../../src/online-migration/attachments/obstacles/obstacles.ts';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { moneyToNumeric } from '../../../src/online-migration/conversions/numbers/money-to-numeric.ts';
import { enumToText } from '../../../src/online-migration/conversions/texts/enums.ts';
import { timestampToTimestamptz } from '../../../src/online-migration/conversions/times/timestamp-to-timestamptz.ts';
import { expectFullCycle } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { changedColumnOf } from '../../support/changed-column.ts';
import { refusedWith } from '../../support/refused-with.ts';
import type { SchemaSnapshot } from '../../support/schema-snapshot.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const LABELS = ['new', "it's paid", 'sent'];
const STATE = `"Odd ""schema"."State. of"`;
const TYPE = `
  drop schema if exists "Odd ""schema" cascade; create schema "Odd ""schema";
  create type ${STATE} as enum ('new', 'it''s paid', 'sent');
  create function "Odd ""schema".label(n bigint) returns text language sql immutable
    as $$ select (array['new', 'it''s paid', 'sent'])[1 + n % 3] $$`;
const label = (n: string) => `"Odd ""schema".label(${n})`;
const STATES = `
  create table part (
    id bigint generated always as identity primary key, n bigint not null, other integer, state ${STATE} not null
  );
  insert into part (n, state) select n, ${label('n')}::${STATE} from generate_series(1, 200) as n`;
const stateChange = changeOf('part.state', {
  from: STATE,
  to: 'text',
  conversion: enumToText(STATE, LABELS),
});
const TIMES = `
  create table part (
    id bigint generated always as identity primary key, n bigint not null, at timestamp not null, until timestamp
  );
  insert into part (n, at) select n, timestamp '2024-01-01' + n * interval '1 minute' from generate_series(1, 200) as n`;
const timeChange = changeOf('part.at', {
  from: 'timestamp',
  to: 'timestamptz',
  conversion: timestampToTimestamptz('Europe/Berlin'),
});

type Constants = readonly (readonly [old: string, added: string])[];

/** The catalog with other constants in its definitions. */
const withConstants =
  (...constants: Constants) =>
  (schema: SchemaSnapshot): SchemaSnapshot => ({
    ...schema,
    indexes: converted(schema.indexes, constants),
    constraints: converted(schema.constraints, constants),
    policies: converted(schema.policies, constants),
  });

function converted(definitions: Record<string, string>, constants: Constants): Record<string, string> {
  return Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => [
      name,
      constants.reduce((text, [old, added]) => text.replaceAll(old, added), definition),
    ]),
  );
}

const size = (n: string) => `(${n} % 1000)`;
const time = (n: string) => `timestamp '2024-01-01' + ${n} * interval '1 minute'`;
const amount = (type: string) => (n: string) => `(${n} % 1000)::numeric(20,2)::${type}`;

const { client } = databasePerFile();

/** The obstacles of a table with an attachment. */
const reasons = async (setup: string) => {
  await client.rows(`${TYPE}; ${STATES}; ${setup}`);
  return findObstacles(client, changedColumnOf(stateChange));
};

describe('a definition that does not fit the new type goes over with converted constants, and comes back:', () => {
  it('indexes, checks and policies of an enum', async () => {
    await expectFullCycle({
      change: stateChange,
      value: { old: (n) => `${label(n)}::${STATE}`, new: label },
      afterwards: withConstants([`'::${STATE}`, `'::text`]),
      setup: [
        TYPE,
        STATES,
        `create unique index open_ones on part (id) where state = 'it''s paid' and n > 5`,
        `create index "'new'::" on part (n) where state in ('new', 'sent')`,
        `create index states on part ((coalesce(nullif(state, 'new'), 'sent')))`,
        `alter table part add constraint "Odd ""check" check (state <> 'sent' or n >= 0 and 'x''::' <> '"')`,
        `alter table part add constraint matching check (case state when 'new' then n < 10000000 else true end)`,
        `create policy visible on part using (state = 'new')`,
      ],
    });
  });

  it('of an enum, beside the order of a number that changes too', async () => {
    const sized: ColumnChange = {
      ...stateChange,
      columns: [
        ...stateChange.columns,
        {
          from: { name: 'size', type: 'integer' },
          to: { name: 'size_new', type: 'bigint' },
          conversion: integerToBigint,
        },
      ],
    };
    await expectFullCycle({
      change: sized,
      values: {
        state: { old: (n) => `${label(n)}::${STATE}`, new: label },
        size: { old: (n) => `${size(n)}::integer`, new: size },
      },
      afterwards: withConstants([`'::${STATE}`, `'::text`], [`'-5'::integer`, `'-5'::bigint`]),
      setup: [
        TYPE,
        STATES,
        `alter table part add size integer; update part set size = n % 1000; alter table part alter size set not null`,
        `create index open_ones on part (id) where state = 'it''s paid' and size > 0`,
        `alter table part add constraint "Odd ""check" check (state <> 'sent' or size > -5)`,
        `create policy visible on part using (state = 'new' and size < 9000)`,
      ],
    });
  });

  it('of a time', async () => {
    await expectFullCycle({
      change: timeChange,
      value: { old: time, new: (n) => `(${time(n)}) at time zone 'Europe/Berlin'` },
      afterwards: withConstants(
        ['2023-09-12 00:00:00', '2023-09-11 22:00:00+00'],
        ['9999-12-31 23:59:59', '9999-12-31 22:59:59+00'],
        ['2000-01-01 00:00:00', '1999-12-31 23:00:00+00'],
        ['3000-01-01 00:00:00', '2999-12-31 23:00:00+00'],
        ["'::timestamp without time zone", "'::timestamp with time zone"],
      ),
      setup: [
        TIMES,
        `create unique index later on part (id) where at >= '2023-09-12 00:00:00'`,
        `create index never on part (coalesce(at, '9999-12-31 23:59:59') desc, n)`,
        `alter table part add constraint bounded check (at between '2000-01-01' and '3000-01-01')`,
      ],
    });
  });

  it('of an amount', async () => {
    await expectFullCycle({
      change: changeOf('part.price', {
        from: 'money',
        to: 'numeric(20,2)',
        conversion: moneyToNumeric(20, 2),
      }),
      value: { old: amount('money'), new: amount('numeric(20,2)') },
      afterwards: withConstants(["'$0.00'::money", '0.00'], ["'$1,000,000.00'::money", '1000000.00']),
      setup: [
        `create table part (id bigint generated always as identity primary key, n bigint not null, price money not null)`,
        `insert into part (n, price) select n, n::numeric::money from generate_series(1, 200) as n`,
        `alter table part add constraint positive check (price >= '$0.00' and price < '$1,000,000.00')`,
      ],
    });
  });
});

describe('expand is refused if the constant', () => {
  it.each([
    [`create index late on part (id) where state >= 'it''s paid'`, 'INDEX_NOT_CARRIED'],
    [`alter table part add constraint late check (state <= 'sent')`, 'CHECK_NOT_CARRIED'],
    [
      `alter table part add constraint late check (greatest(state, 'new') <> 'sent' or n > 0)`,
      'CHECK_NOT_CARRIED',
    ],
    [
      `create policy late on part using (state > any (array['new', 'sent']::${STATE}[]))`,
      'POLICY_NOT_CARRIED',
    ],
  ] as const)('is compared by the order of the labels: %s', async (setup, code) => {
    expect(await reasons(setup)).toMatchObject([refusedWith(code, 'late')]);
  });

  it('is of another column with the same type', async () => {
    expect(
      await reasons(
        `alter table part add second ${STATE}, add constraint of_both check (state <> 'new' or second = 'sent' or n > 0)`,
      ),
    ).toMatchObject([refusedWith('CHECK_NOT_CARRIED', 'of_both')]);
  });
});
