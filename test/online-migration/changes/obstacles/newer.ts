import { integerToBigint } from '../../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
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
