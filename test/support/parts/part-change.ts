import type { ColumnChange, ColumnPair } from '../../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { timestampToTimestamptz } from '../../../src/online-migration/conversions/times/timestamp-to-timestamptz.ts';

/** Statements that make the table `part`, whose objects use several of the columns that change, and fill it. */
export const PART_TABLE = [
  `drop role if exists part_reader`,
  `create role part_reader`,
  `create table bin ("Low" integer not null, high integer not null, primary key ("Low", high))`,
  `create table part (
    id bigint generated always as identity primary key,
    "Low" integer not null default 1,
    high integer,
    price text not null constraint part_price check (price <> ''),
    made_at timestamp not null default now(),
    seen_at timestamp,
    constraint in_order check (high is null or "Low" <= high),
    constraint in_time check (seen_at >= made_at),
    constraint of_bin foreign key ("Low", high) references bin on update cascade
  )`,
  `insert into bin select n, n + 1 from generate_series(1, 500) as n`,
  `insert into part ("Low", high, price, made_at, seen_at)
  select n, nullif(n + 1, 8), n || '.50', '2024-01-01'::timestamp + n * interval '1 hour',
    case when n % 3 = 0 then null else '2024-06-01'::timestamp + n * interval '1 hour' end
  from generate_series(1, 500) as n`,
  `create index part_range on part ("Low", high desc) include (made_at)`,
  `create unique index part_span on part ((high - "Low"), id) where "Low" > 10 and seen_at is not null`,
  `create statistics part_statistics (ndistinct) on "Low", high, made_at from part`,
  `create view part_range_view as
  select id, "Low", high, high - "Low" as span, made_at from part where seen_at > made_at`,
  `create materialized view part_totals as
  select "Low" % 10 as digit, max(high) as high, min(made_at) as first from part group by 1`,
  `create unique index on part_totals (digit)`,
  `create policy part_policy on part to part_reader using ("Low" < high)`,
  `grant select ("Low", seen_at) on part to part_reader`,
  `comment on column part.high is 'the end'`,
];

const inUtc = timestampToTimestamptz('UTC');

/** Five columns of four types, two of them nullable. */
export const partChange: ColumnChange = {
  table: { schema: 'public', name: 'part' },
  key: 'id',
  columns: [
    {
      from: { name: 'Low', type: 'integer', default: '1' },
      to: { name: 'Low_new', type: 'bigint', default: '1' },
      conversion: integerToBigint,
    },
    pair('high', 'integer', 'bigint', { conversion: integerToBigint, nullable: true }),
    {
      from: { name: 'price', type: 'text', checks: { part_price: `price <> ''` } },
      to: { name: 'price_new', type: 'numeric(12,2)', checks: { part_price: 'price >= 0' } },
      conversion: textToNumeric(12, 2),
    },
    {
      from: { name: 'made_at', type: 'timestamp', default: 'now()' },
      to: { name: 'made_at_new', type: 'timestamptz', default: 'now()' },
      conversion: inUtc,
    },
    pair('seen_at', 'timestamp', 'timestamptz', { conversion: inUtc, nullable: true, index: true }),
  ],
};

function pair(name: string, from: string, to: string, rest: Omit<ColumnPair, 'from' | 'to'>): ColumnPair {
  return { from: { name, type: from }, to: { name: `${name}_new`, type: to }, ...rest };
}
