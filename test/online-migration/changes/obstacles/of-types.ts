import { integerToBigint } from '../../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToEnum } from '../../../../src/online-migration/conversions/texts/text-to-enum.ts';
import { textToNumeric } from '../../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { textToTimestamptz } from '../../../../src/online-migration/conversions/times/text-to-timestamptz.ts';
import { timestampToTimestamptz } from '../../../../src/online-migration/conversions/times/timestamp-to-timestamptz.ts';
import type { Obstacle } from './obstacle.ts';

/** Types and expressions that the server does not take, or that do not suit a change. */
export const OF_TYPES: readonly Obstacle[] = [
  [
    `select`,
    'TYPE_NOT_COMPARABLE',
    /Values of type point cannot be compared with PostgreSQL's own `=`/,
    { to: 'point' },
  ],
  [
    `create domain public.document as json`,
    'TYPE_NOT_COMPARABLE',
    /Values of type public\.document cannot be compared with PostgreSQL's own `=`/,
    { to: 'public.document' },
  ],
  [
    `select`,
    'TYPE_NOT_COMPARABLE',
    /Values of type json\[\] cannot be compared with PostgreSQL's own `=`/,
    { to: 'json[]' },
  ],
  [
    `create domain public.natural_number as bigint check (value >= 0)`,
    'DOMAIN_CONSTRAINED',
    /public\.natural_number is a domain with constraints, for which the table would be rewritten/,
    { to: 'public.natural_number' },
  ],
  [
    `create domain public.counted as bigint default 7`,
    'TYPE_HAS_DEFAULT',
    /public\.counted has a default, which every row would get that is written through the other column/,
    { to: 'public.counted' },
  ],
  [
    `select`,
    'TYPE_NOT_WRITTEN_IN_FULL',
    /The catalog writes numeric\(12\) as numeric\(12,0\): declare it so/,
    { to: 'numeric(12)' },
  ],
  [
    `select`,
    'TYPE_NOT_FOUND',
    /`to\.type` is bigit, which is no type of this database: type "bigit" does not exist/,
    { to: 'bigit' },
  ],
  [
    `select`,
    'EXPRESSION_INVALID',
    /`conversion\.backward` cannot be used: function narrow\(bigint\) does not exist/,
    { conversion: { ...integerToBigint, backward: (value) => `narrow(${value})` } },
  ],
  [
    `create type public.mood as enum ('calm'); alter table part alter size type text`,
    'EXPRESSION_INVALID',
    /`conversion\.forward` cannot be used: invalid input value for enum mood: "glad"/,
    {
      from: 'text',
      to: 'public.mood',
      conversion: textToEnum('public.mood', ['calm', 'glad']),
    },
  ],
  [
    `alter table part alter size type text`,
    'CONVERSION_TYPE_DIFFERS',
    /`conversion\.forward` gives values of type numeric, and `to\.type` is integer, so PostgreSQL could change values .* cast it to integer\./,
    { from: 'text', to: 'integer', conversion: textToNumeric(12, 2) },
  ],
  [
    `alter table part alter size type text`,
    'CONVERSION_TYPE_DIFFERS',
    /`conversion\.forwardInBulk` gives values of type timestamp with time zone, and `to\.type` is date,/,
    { from: 'text', to: 'date', conversion: textToTimestamptz },
  ],
  [
    `select`,
    'CONVERSION_TYPE_DIFFERS',
    /`conversion\.backward` gives values of type bigint, and `from\.type` is integer,/,
    { conversion: { ...integerToBigint, backward: (value) => value } },
  ],
  [
    `create domain public.days as date; alter table part alter size type timestamp using timestamp '2024-01-01'`,
    'CONVERSION_TYPE_DIFFERS',
    /`conversion\.forward` gives values of type timestamp without time zone, and `to\.type` is public\.days,/,
    {
      from: 'timestamp',
      to: 'public.days',
      conversion: { forward: (value) => value, backward: (value) => value },
    },
  ],
  [
    `alter table part alter size type timestamp using timestamp '2024-01-01'`,
    'PRECISION_LOST',
    /`conversion\.forward` gives values with more digits of a second than timestamptz\(3\) keeps/,
    {
      from: 'timestamp',
      to: 'timestamptz(3)',
      conversion: timestampToTimestamptz('UTC'),
    },
  ],
  [
    `alter table part alter size type timestamp(3) using timestamp '2024-01-01'`,
    'PRECISION_LOST',
    /`conversion\.backward` gives values with more digits of a second than timestamp\(3\) keeps/,
    {
      from: 'timestamp(3)',
      to: 'timestamptz',
      conversion: timestampToTimestamptz('UTC'),
    },
  ],
  [
    `alter table part alter size type text`,
    'PRECISION_LOST',
    /`conversion\.forwardInBulk` gives values with more digits of a second than timestamptz\(0\) keeps/,
    {
      from: 'text',
      to: 'timestamptz(0)',
      conversion: textToTimestamptz,
    },
  ],
];
