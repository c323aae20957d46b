import type { Conversion } from '../../../src/online-migration/change/column-change.ts';
import { booleanToText } from '../../../src/online-migration/conversions/texts/boolean-to-text.ts';
import { charToText } from '../../../src/online-migration/conversions/texts/char-to-text.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToEnum } from '../../../src/online-migration/conversions/texts/text-to-enum.ts';
import { textToJsonb } from '../../../src/online-migration/conversions/documents/text-to-jsonb.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { textToTimestamptzOf } from '../../../src/online-migration/conversions/times/text-to-timestamptz.ts';
import { textToUuid } from '../../../src/online-migration/conversions/documents/text-to-uuid.ts';
import { timestampToTimestamptz } from '../../../src/online-migration/conversions/times/timestamp-to-timestamptz.ts';
import { varcharToText } from '../../../src/online-migration/conversions/texts/varchar-to-text.ts';
import type { ChangeCase } from '../../support/change-cycle.ts';
import * as conversions from '../../../src/online-migration/conversions/index.ts';
import { changeOf } from '../../support/change-of.ts';

const ROWS = 2_000;

/** A pair of types, and the values of its table. */
export interface TypePair {
  readonly from: string;
  readonly to: string;
  readonly conversion: Conversion;
  readonly value: NonNullable<ChangeCase['value']>;
  /** SQL of old values that convert and that only a kept text brings back. */
  readonly kept?: readonly string[];
  readonly types?: readonly string[];
}

const uuid = (n: string) => `('00000000-0000-4000-8000-' || lpad(to_hex(${n}), 12, '0'))`;
const cents = (n: string) => `(${n} % 100000000)::numeric(12, 2) / 100`;
const json = (n: string) => `jsonb_build_object('n', ${n})`;
const moment = (n: string) => `(timestamp '2024-01-01 10:00:00' + ${n} * interval '1 second')`;
const mood = (n: string) => `(array['glad', 'so so', 'it''s sad'])[1 + ${n} % 3]`;

export const PAIRS: readonly TypePair[] = [
  {
    from: 'integer',
    to: 'bigint',
    conversion: integerToBigint,
    value: { old: (n) => `(${n})::integer`, new: (n) => `(${n})::bigint` },
  },
  {
    from: 'text',
    to: 'numeric(12,2)',
    conversion: textToNumeric(12, 2),
    value: { old: (n) => `(${cents(n)})::numeric(12, 2)::text`, new: (n) => `(${cents(n)})::numeric(12, 2)` },
    kept: [`'7'`, `'-0.5'`, `'0012.30'`],
  },
];

const COLORS = ['red', 'green'];
/** Types without a sort order, so without an index. */
const UNSORTABLE = new Set(['json']);

/** Further conversions, with values that only a kept text brings back. */
export const FURTHER_PAIRS: readonly TypePair[] = [
  {
    from: 'varchar(36)',
    to: 'uuid',
    conversion: textToUuid,
    value: { old: uuid, new: (n) => `${uuid(n)}::uuid` },
    kept: [`'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'`],
  },
  {
    from: 'text',
    to: 'jsonb',
    conversion: textToJsonb,
    value: { old: (n) => `${json(n)}::text`, new: json },
    kept: [`'{"b":1, "a":  [null]}'`, `' "x" '`, `'{"a":1,"a":2}'`],
  },
  {
    from: 'timestamp',
    to: 'timestamptz',
    conversion: timestampToTimestamptz('Europe/Berlin'),
    value: { old: moment, new: (n) => `${moment(n)} at time zone 'Europe/Berlin'` },
    kept: [`'2024-03-31 02:30:00'`],
  },
  {
    from: 'timestamp(3)',
    to: 'timestamp(6) with time zone',
    conversion: timestampToTimestamptz('UTC', { old: 3, new: 6 }),
    value: {
      old: (n) => `${moment(n)} + interval '0.123 seconds'`,
      new: (n) => `(${moment(n)} + interval '0.123 seconds') at time zone 'UTC'`,
    },
  },
  {
    from: 'char(40)',
    to: 'uuid',
    conversion: textToUuid,
    value: { old: uuid, new: (n) => `${uuid(n)}::uuid` },
  },
  {
    from: 'char(30)',
    to: 'timestamp(3) with time zone',
    conversion: textToTimestamptzOf(3),
    value: {
      old: (n) => `to_char(${moment(n)}, 'YYYY-MM-DD HH24:MI:SS') || '.5'`,
      new: (n) => `(${moment(n)} + interval '0.5 seconds') at time zone 'UTC'`,
    },
    kept: [`'2024-01-01 10:00:00.500'`],
  },
  {
    from: 'char(12)',
    to: 'text',
    conversion: charToText(12),
    value: { old: (n) => `'value' || ${n} % 1000000`, new: (n) => `'value' || ${n} % 1000000` },
  },
  {
    from: 'text',
    to: 'public.mood',
    conversion: textToEnum('public.mood', ['glad', 'so so', `it's sad`]),
    value: { old: mood, new: (n) => `${mood(n)}::public.mood` },
    types: [`create type public.mood as enum ('glad', 'so so', 'it''s sad')`],
  },
  {
    from: 'boolean',
    to: 'text',
    conversion: booleanToText({ true: 'yes', false: 'no' }),
    value: { old: (n) => `(${n} % 2 = 0)`, new: (n) => `case when ${n} % 2 = 0 then 'yes' else 'no' end` },
  },
  {
    from: 'varchar(50)',
    to: 'text',
    conversion: varcharToText(50),
    value: { old: (n) => `'value ' || ${n}`, new: (n) => `'value ' || ${n}` },
  },
  {
    from: 'json',
    to: 'jsonb',
    conversion: conversions.jsonToJsonb,
    value: { old: (n) => `${json(n)}::text::json`, new: json },
    kept: [`'{"b":1, "a":  [null]}'`, `'{"a":1,"a":2}'`, `'"\\ud83d\\ude00"'`],
  },
  {
    from: 'jsonb',
    to: 'json',
    conversion: conversions.jsonbToJson,
    value: { old: json, new: (n) => `${json(n)}::text::json` },
  },
  {
    from: 'numeric',
    to: 'bigint',
    conversion: conversions.numericToCents(2),
    value: { old: cents, new: (n) => `(${n} % 100000000)::bigint` },
    kept: ['1', '1.5', '1.00'],
  },
  {
    from: 'double precision',
    to: 'numeric(12,2)',
    conversion: conversions.doubleToNumeric(12, 2),
    value: { old: (n) => `(${cents(n)})::double precision`, new: (n) => `(${cents(n)})::numeric(12, 2)` },
    kept: [`'-0'`],
  },
  {
    from: 'money',
    to: 'numeric(14,2)',
    conversion: conversions.moneyToNumeric(14, 2),
    value: { old: (n) => `(${cents(n)})::numeric::money`, new: (n) => `(${cents(n)})::numeric(14, 2)` },
  },
  {
    from: 'bigint',
    to: 'timestamptz',
    conversion: conversions.epochToTimestamptz('ms'),
    value: { old: (n) => `(${n} * 1000)::bigint`, new: (n) => `to_timestamp(${n})` },
  },
  {
    from: 'timestamptz',
    to: 'timestamp',
    conversion: conversions.timestamptzToTimestamp('Europe/Berlin'),
    value: {
      old: (n) => `${moment(n)} at time zone 'UTC'`,
      new: (n) => `(${moment(n)} at time zone 'UTC') at time zone 'Europe/Berlin'`,
    },
    kept: [`'2024-10-27 00:30:00+00'`],
  },
  {
    from: 'text',
    to: 'interval',
    conversion: conversions.textToInterval,
    value: {
      old: (n) => `lpad((${n} % 24)::text, 2, '0') || ':00:00'`,
      new: (n) => `(${n} % 24) * interval '1 hour'`,
    },
    kept: [`'90 minutes'`, `'PT30M'`, `'24:00:00'`],
  },
  {
    from: 'text',
    to: 'inet',
    conversion: conversions.textToInet,
    value: { old: (n) => `'10.0.0.' || ${n} % 256`, new: (n) => `('10.0.0.' || ${n} % 256)::inet` },
    kept: [`'2001:DB8::0001'`, `'10.0.0.1/32'`],
  },
  {
    from: 'text[]',
    to: 'jsonb',
    conversion: conversions.textArrayToJsonb,
    value: { old: (n) => `array[${n}::text, null]`, new: (n) => `jsonb_build_array(${n}::text, null)` },
    kept: [`'[0:1]={a,b}'`],
  },
  {
    from: 'text[]',
    to: 'numeric(12,2)[]',
    conversion: conversions.arrayOf(textToNumeric(12, 2)),
    value: {
      old: (n) => `array[(${cents(n)})::numeric(12, 2)::text, null]`,
      new: (n) => `array[(${cents(n)})::numeric(12, 2), null]`,
    },
    kept: [`'{1.5,NULL}'`],
  },
  {
    from: 'public.color',
    to: 'public.shade',
    conversion: conversions.enumToEnum(
      { type: 'public.color', labels: COLORS },
      { type: 'public.shade', labels: [...COLORS, 'blue'] },
    ),
    value: {
      old: (n) => `(array['red', 'green'])[1 + ${n} % 2]::public.color`,
      new: (n) => `(array['red', 'green'])[1 + ${n} % 2]::public.shade`,
    },
    types: [
      `create type public.color as enum ('red', 'green')`,
      `create type public.shade as enum ('blue', 'green', 'red')`,
    ],
  },
];

/** A table of the pair, with a default and an index if the pair has them. */
export function caseOf(
  { from, to, conversion, value, kept = [], types = [] }: TypePair,
  { nullable = false } = {},
): ChangeCase {
  const change = changeOf('thing.value', { from, to, conversion, ...(nullable ? { nullable } : {}) });
  return {
    change,
    value,
    setup: [
      ...types,
      `create table thing (
        id bigint generated always as identity primary key,
        n bigint not null,
        value ${from} ${nullable ? '' : 'not null'}
      )`,
      ...(UNSORTABLE.has(from) || UNSORTABLE.has(to)
        ? []
        : [`create index thing_value_idx on thing (value desc, n)`]),
      `insert into thing (n, value) select n, ${value.old('n')} from generate_series(1, ${ROWS}) as n`,
      ...[...kept, ...(nullable ? ['null'] : [])].map(
        (text) => `insert into thing (n, value) values (0, ${text})`,
      ),
    ],
    untouched: `select id, value::text as value from thing where n = 0 order by id`,
  };
}
