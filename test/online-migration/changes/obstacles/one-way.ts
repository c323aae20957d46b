import { integerToBigint } from '../../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import type { Obstacle } from './obstacle.ts';

/** Objects that do not allow a row without an old value. */
export const ONE_WAY: readonly Obstacle[] = [
  [
    `select`,
    'NULL_OLD_VALUE_NOT_POSSIBLE',
    /id is in the primary key, and in a change that is not reversible.* declare `conversion\.backward`/,
    {
      column: 'id',
      from: 'bigint',
      to: 'text',
      conversion: { forward: (value) => `${value}::text`, backward: 'not reversible' },
    },
  ],
  [
    `alter table part alter size add generated always as identity`,
    'NULL_OLD_VALUE_NOT_POSSIBLE',
    /size is an identity, and in a change that is not reversible/,
    { conversion: { ...integerToBigint, backward: 'not reversible' } },
  ],
  [
    `alter table part add unique (size); create table child (of_size integer references part (size))`,
    'NULL_OLD_VALUE_NOT_POSSIBLE',
    /size is referenced by child_of_size_fkey of child, and in a change that is not reversible/,
    { conversion: { ...integerToBigint, backward: 'not reversible' } },
  ],
];
