import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import * as conversions from '../../../src/online-migration/conversions/index.ts';
import {
  conversionTrials,
  type NewValue,
  type OldValue,
  type TriedPair,
} from '../../support/conversion-trial.ts';

const { expectForward, expectBackward, expectProperties } = conversionTrials();

interface Case extends TriedPair {
  readonly name: string;
  readonly forward: readonly OldValue[];
  readonly backward: readonly NewValue[];
}

const integers = (bits: number) => {
  const limit = 2n ** BigInt(bits - 1);
  return fc
    .oneof(
      fc.bigInt({ min: -limit, max: limit - 1n }),
      fc.bigInt({ min: -3n, max: 3n }),
      fc.constantFrom(-limit, limit - 1n, -32_769n, 32_768n, -2_147_483_649n, 2_147_483_648n),
    )
    .filter((number) => number >= -limit && number < limit)
    .map(String);
};
/** Decimals with trailing zeros, without a digit before the point, far beyond a double, and special values. */
const decimals = fc.oneof(
  fc
    .tuple(fc.constantFrom('', '-'), fc.bigInt({ min: 0n, max: 10n ** 25n }), fc.nat(25))
    .map(([sign, digits, scale]) => `${sign}${digits}e-${scale}`),
  integers(64),
  integers(16),
  fc.tuple(integers(16), fc.constantFrom('.0', '.00', '.5', '.10', '.01')).map((both) => both.join('')),
  fc
    .tuple(integers(16), fc.integer({ min: -1000, max: 1000 }))
    .map(([digits, exponent]) => `${digits}e${exponent}`),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '0', '0.00', '1.7976931348623157e308', '5e-324'),
);
/** Decimals that a `numeric(precision, scale)` holds. */
const decimalsOf = (precision: number, scale: number) =>
  fc
    .bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n })
    .chain((digits) =>
      fc.constantFrom(digits, digits - (digits % 100n), (digits % 300n) * 10n ** BigInt(scale)),
    )
    .map((digits) => `${digits}e-${scale}`);
const doubles = fc.oneof(
  fc.double().map(text),
  fc.double({ min: -1e6, max: 1e6 }).map(text),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((cents) => text(cents / 100)),
  fc.constantFrom(
    '0',
    '-0',
    'NaN',
    'Infinity',
    '-Infinity',
    '1.7976931348623157e308',
    '1.797693134862315e308',
    '5e-324',
  ),
);
const reals = fc.oneof(
  fc.float().map(text),
  fc.integer({ min: -100_000, max: 100_000 }).map((cents) => text(Math.fround(cents / 100))),
  fc.constantFrom('0', '-0', 'NaN', 'Infinity', '-Infinity', '3.4028235e38', '1e-45', '16777217'),
);

function text(number: number): string {
  return Object.is(number, -0) ? '-0' : String(number);
}

/** The values that a type takes. */
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  smallint: integers(16),
  integer: integers(32),
  bigint: integers(64),
  numeric: decimals,
  'numeric(5,0)': fc.oneof(decimalsOf(5, 0), fc.constant('NaN')),
  'numeric(12,2)': fc.oneof(decimalsOf(12, 2), fc.constant('NaN')),
  'numeric(25,10)': decimalsOf(25, 10),
  'double precision': doubles,
  real: reals,
  money: fc
    .bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n })
    .map((cents) => `${cents / 100n}.${twoDigits(cents)}`),
};

function twoDigits(cents: bigint): string {
  return String(cents < 0n ? -(cents % 100n) : cents % 100n).padStart(2, '0');
}

const INTEGER_CASES: Case[] = (
  [
    ['smallint', 'integer', conversions.smallintToInteger, '32767', '32768'],
    ['smallint', 'bigint', conversions.smallintToBigint, '-32768', '-32769'],
    ['integer', 'bigint', conversions.integerToBigint, '2147483647', '2147483648'],
  ] as const
).map(([from, to, conversion, fits, beyond]) => ({
  name: `${from}To${to}`,
  from,
  to,
  conversion,
  forward: [
    ['0', '0'],
    ['-1', '-1'],
    [fits, fits],
  ],
  backward: [
    [fits, fits],
    [beyond, null],
  ],
}));
const NARROWING: Case[] = (
  [
    ['integer', 'smallint', conversions.integerToSmallint, '-32768', '-32769'],
    ['bigint', 'smallint', conversions.bigintToSmallint, '32767', '9223372036854775807'],
    ['bigint', 'integer', conversions.bigintToInteger, '-2147483648', '-9223372036854775808'],
  ] as const
).map(([from, to, conversion, fits, beyond]) => ({
  name: `${from}To${to}`,
  from,
  to,
  conversion,
  forward: [
    ['0', '0'],
    [fits, fits],
    [beyond, null],
  ],
  backward: [
    ['7', '7'],
    [fits, fits],
  ],
}));

const CASES: Case[] = [
  ...INTEGER_CASES,
  ...NARROWING,
  {
    name: 'smallintToNumeric()',
    from: 'smallint',
    to: 'numeric',
    conversion: conversions.smallintToNumeric(),
    forward: [
      ['-32768', '-32768'],
      ['0', '0'],
    ],
    backward: [
      ['32767.0', '32767'],
      ['32767.5', null],
      ['32768', null],
      ['NaN', null],
      ['-Infinity', null],
    ],
  },
  {
    name: 'integerToNumeric(12, 2)',
    from: 'integer',
    to: 'numeric(12,2)',
    conversion: conversions.integerToNumeric(12, 2),
    forward: [
      ['2147483647', '2147483647.00'],
      ['-2147483648', '-2147483648.00'],
    ],
    backward: [
      ['-7.00', '-7'],
      ['0.50', null],
      ['2147483648', null],
      ['NaN', null],
    ],
  },
  {
    name: 'bigintToNumeric(5)',
    from: 'bigint',
    to: 'numeric(5,0)',
    conversion: conversions.bigintToNumeric(5),
    forward: [
      ['99999', '99999'],
      ['100000', null],
      ['-99999', '-99999'],
      ['-9223372036854775808', null],
    ],
    backward: [
      ['99999', '99999'],
      ['NaN', null],
    ],
  },
  {
    name: 'numericToInteger()',
    from: 'numeric',
    to: 'integer',
    conversion: conversions.numericToInteger(),
    forward: [
      ['7', '7'],
      ['7.00', '7', '7'],
      ['7.5', null],
      ['1e400', null],
      ['NaN', null],
      ['Infinity', null],
    ],
    backward: [['-2147483648', '-2147483648']],
  },
  {
    name: 'numericToSmallint(12, 2)',
    from: 'numeric(12,2)',
    to: 'smallint',
    conversion: conversions.numericToSmallint(12, 2),
    forward: [
      ['7.00', '7'],
      ['7.50', null],
      ['32768', null],
    ],
    backward: [['-32768', '-32768.00']],
  },
  {
    name: 'numericToBigint(5)',
    from: 'numeric(5,0)',
    to: 'bigint',
    conversion: conversions.numericToBigint(5),
    forward: [
      ['99999', '99999'],
      ['NaN', null],
    ],
    backward: [['100000', null]],
  },
  {
    name: 'numericToCents(2, 12)',
    from: 'numeric(12,2)',
    to: 'bigint',
    conversion: conversions.numericToCents(2, 12),
    forward: [
      ['12.34', '1234'],
      ['-0.01', '-1'],
      ['0', '0', '0.00'],
      ['NaN', null],
    ],
    backward: [
      ['999999999999', '9999999999.99'],
      ['1000000000000', null],
    ],
  },
  {
    name: 'numericToCents(2)',
    from: 'numeric',
    to: 'bigint',
    conversion: conversions.numericToCents(2),
    forward: [
      ['12.34', '1234'],
      ['12.3', '1230', '12.30'],
      ['12.345', null],
      ['92233720368547758.07', '9223372036854775807'],
      ['92233720368547758.08', null],
      ['Infinity', null],
    ],
    backward: [['-9223372036854775808', '-92233720368547758.08']],
  },
  {
    name: 'centsToNumeric(2, 12)',
    from: 'bigint',
    to: 'numeric(12,2)',
    conversion: conversions.centsToNumeric(2, 12),
    forward: [
      ['1234', '12.34'],
      ['-5', '-0.05'],
      ['1000000000000', null],
    ],
    backward: [
      ['0.10', '10'],
      ['NaN', null],
    ],
  },
  {
    name: 'centsToNumeric(0)',
    from: 'bigint',
    to: 'numeric',
    conversion: conversions.centsToNumeric(0),
    forward: [['-9223372036854775808', '-9223372036854775808']],
    backward: [
      ['1.5', null],
      ['1.0', '1'],
      ['9223372036854775808', null],
    ],
  },
  {
    name: 'doubleToNumeric()',
    from: 'double precision',
    to: 'numeric',
    conversion: conversions.doubleToNumeric(),
    forward: [
      ['0.1', '0.1'],
      ['0.30000000000000004', '0.30000000000000004'],
      ['12345678901234.56', '12345678901234.56'],
      ['100', '100'],
      ['-0', '0', '0'],
      ['NaN', 'NaN'],
      ['-Infinity', '-Infinity'],
      ['1e+22', '10000000000000000000000'],
    ],
    backward: [
      ['0.1', '0.1'],
      ['0.30', '0.3'],
      ['0.30000000000000005', null],
      ['1e400', null],
      ['1e-400', null],
      ['1.8e308', null],
      ['Infinity', 'Infinity'],
    ],
  },
  {
    name: 'doubleToNumeric(12, 2)',
    from: 'double precision',
    to: 'numeric(12,2)',
    conversion: conversions.doubleToNumeric(12, 2),
    forward: [
      ['19.99', '19.99'],
      ['0.30000000000000004', null],
      ['1e10', null],
      ['NaN', null],
      ['Infinity', null],
    ],
    backward: [
      ['9999999999.99', '9999999999.99'],
      ['NaN', null],
    ],
  },
  {
    name: 'realToNumeric()',
    from: 'real',
    to: 'numeric',
    conversion: conversions.realToNumeric(),
    forward: [
      ['0.1', '0.1'],
      ['1.6777216e+07', '16777216'],
      ['3.1415927', '3.1415927'],
      ['Infinity', 'Infinity'],
    ],
    backward: [
      ['0.1', '0.1'],
      ['3.14159274', null],
      ['1e39', null],
      ['1e-46', null],
      ['NaN', 'NaN'],
    ],
  },
  {
    name: 'realToNumeric(5)',
    from: 'real',
    to: 'numeric(5,0)',
    conversion: conversions.realToNumeric(5),
    forward: [
      ['99999', '99999'],
      ['100000', null],
      ['0.5', null],
    ],
    backward: [
      ['-99999', '-99999'],
      ['NaN', null],
    ],
  },
  {
    name: 'moneyToNumeric(25, 10)',
    from: 'money',
    to: 'numeric(25,10)',
    conversion: conversions.moneyToNumeric(25, 10),
    forward: [['-$12.34', '-12.3400000000']],
    backward: [
      ['0.01', '$0.01'],
      ['0.001', null],
      ['123456789012345', '$123,456,789,012,345.00'],
    ],
  },
  {
    name: 'moneyToNumeric()',
    from: 'money',
    to: 'numeric',
    conversion: conversions.moneyToNumeric(),
    forward: [
      ['$92,233,720,368,547,758.07', '92233720368547758.07'],
      ['-$0.01', '-0.01'],
    ],
    backward: [
      ['92233720368547758.08', null],
      ['NaN', null],
      ['0.10', '$0.10'],
    ],
  },
];

describe.each(CASES)('$name', (pair) => {
  it('takes its values there', async () => {
    await expectForward(pair, pair.forward);
  });

  it('takes its values back', async () => {
    await expectBackward(pair, pair.backward);
  });

  it('is faithful for generated values', async () => {
    await expectProperties(pair, VALUES[pair.from]!, VALUES[pair.to]!);
  });
});

it.each([
  [12, 13],
  [0, 0],
  [1001, 2],
  [12, -1],
  [12.5, 2],
])('integerToNumeric refuses numeric(%p, %p)', (precision, scale) => {
  expect(() => conversions.integerToNumeric(precision, scale)).toThrow(
    expect.objectContaining({ code: 'PRECISION_OUT_OF_RANGE' }),
  );
});
