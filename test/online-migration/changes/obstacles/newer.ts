import { integerToBigint } from '../../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { timestampToTimestamptz } from '../../../../src/online-migration/conversions/times/timestamp-to-timestamptz.ts';
import type { Obstacle } from './obstacle.ts';

/** Objects that older servers do not support, by the first major version that does. */
export const NEWER: Readonly<Record<number, readonly Obstacle[]>> = {
  15: [
    [
      `create publication sizes for tables in schema public`,
      'PUBLICATION_NOT_REVIEWED',
      /The publication sizes publishes part/,
    ],
    [
      `create publication sizes for table part (id, size)`,
      'PUBLICATION_NOT_REVIEWED',
      /The publication sizes publishes part; its column list gets size_new in expand and loses size in contract: at the first write/,
    ],
    [
      `create publication sizes for table part where (name = 'x' or size > 9)`,
      'FILTER_NOT_CARRIED',
      /The row filter of the publication sizes on public\.part, .*, does not fit text: operator does not exist: text > integer\. .*`alter publication sizes drop table only public\.part`/,
      {
        to: 'text',
        conversion: { forward: (value) => `(${value})::text`, backward: (value) => `(${value})::integer` },
      },
    ],
    [
      `alter table part add constraint sizes unique nulls not distinct (size)`,
      'NULL_OLD_VALUE_NOT_POSSIBLE',
      /size is in sizes, for which one null is like another, and in a change that is not reversible/,
      { conversion: { ...integerToBigint, backward: 'not reversible' } },
    ],
  ],
  18: [
    [
      `alter table part drop size; alter table part add size integer generated always as (id + 1) not null`,
      'COLUMN_GENERATED',
      /size is generated from other columns, as \(id \+ 1\)\. It stores no values, so `alter table "public"\."part" alter column "size" type bigint` changes its type at once and rewrites nothing\./,
    ],
    [
      `alter table part add twice integer generated always as (size * 2)`,
      'GENERATED_COLUMN_NOT_CARRIED',
      /The expression of the generated column twice, \(size \* 2\), does not fit bigint: it gives bigint, and twice is integer\. Declare its expression for both types, under this name, in `from\.generated` and `to\.generated`\./,
    ],
    [
      `alter table part add shade text generated always as (left(name, size))`,
      'GENERATED_COLUMN_NOT_CARRIED',
      /The expression of the generated column shade, .*, does not fit bigint: function left\(text, bigint\) does not exist\./,
    ],
    [
      `alter table part drop size; alter table part add size timestamp not null,
         add age double precision generated always as (extract(hour from size)::double precision)`,
      'GENERATED_COLUMN_NOT_CARRIED',
      /The expression of the generated column age, .*, does not fit timestamptz: generation expression is not immutable/,
      { from: 'timestamp', to: 'timestamptz', conversion: timestampToTimestamptz('UTC') },
    ],
    [
      `create function f() returns trigger language plpgsql as $$ begin return null; end $$;
       alter table part add twice bigint generated always as (size * 2);
       create trigger "Odd ""watch""" after update of twice on part for each row execute function f()`,
      'GENERATED_COLUMN_NOT_CARRIED',
      /The trigger Odd "watch" of "public"\."part" lists the generated column twice, so it would not fire for each statement .*: let it list no column/,
    ],
    [
      `drop table part; create table part (
         id bigint primary key, size integer not null, twice bigint generated always as (size * 2)
       ) partition by list (id);
       create table first (id bigint not null, size integer not null, twice bigint generated always as (size * 3));
       alter table part attach partition first for values in (1)`,
      'PARTITION_DIFFERS',
      /twice has an expression of its own in the partition first: make the partition as its table is/,
    ],
    [
      `alter table part add twice bigint generated always as (size * 2)`,
      'GENERATED_COLUMN_NOT_FOUND',
      /part has no virtual column thrice that uses size: take it out of `generated`/,
      {
        from: { type: 'integer', generated: { thrice: 'size * 3' } },
        to: { type: 'bigint', generated: { thrice: 'size * 3' } },
      },
    ],
    [
      `alter table part add twice integer generated always as (size * 2)`,
      'GENERATED_COLUMN_DIFFERS',
      /The expression of the generated column twice is \(size \* 2\): declare `from\.generated` exactly so, for the way back\./,
      {
        from: { type: 'integer', generated: { twice: 'size + size' } },
        to: { type: 'bigint', generated: { twice: '(size * 2)::integer' } },
      },
    ],
    [
      `alter table part alter size drop not null; alter table part add constraint "Sized" not null size not valid`,
      'NOT_NULL_NOT_VALIDATED',
      /The NOT NULL of size is not validated, and rows may be without a value: `alter table "public"\."part" validate constraint "Sized"`/,
    ],
    [
      `alter table part alter constraint part_size_not_null no inherit`,
      'NOT_NULL_NO_INHERIT',
      /The NOT NULL of size is NO INHERIT, which does not go over: `alter table "public"\."part" alter constraint "part_size_not_null" inherit`/,
    ],
    [
      `alter table part add constraint part_size_not_null_mirror check (id > 0)`,
      'NAME_TAKEN',
      /There is the constraint part_size_not_null_mirror of part already, and the change needs that name/,
    ],
    [
      `drop table part; create table part (
         id bigint primary key, size int4range not null, valid daterange not null,
         constraint sized unique (size, valid without overlaps)
       )`,
      'INDEX_NOT_CARRIED',
      /sized cannot go over by itself: its constraint is without overlaps/,
      {
        from: 'int4range',
        to: 'int8range',
        conversion: {
          forward: (value) => `int8range(lower(${value}), upper(${value}))`,
          backward: (value) => `int4range(lower(${value})::integer, upper(${value})::integer)`,
        },
      },
    ],
  ],
};
