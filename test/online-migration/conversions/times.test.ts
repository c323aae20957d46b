import { describe, it } from '@jest/globals';
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

const LAST_MICROSECOND = '294276-12-31 23:59:59.999999';
/** Microseconds around 1970, so that hours that occur twice or never are among them. */
const moments = fc
  .oneof(
    fc.bigInt({ min: -(10n ** 15n), max: 2n * 10n ** 15n }),
    fc
      .bigInt({ min: 0n, max: 24n * 90n })
      .map((halfHours) => 1_711_000_000_000_000n + halfHours * 1_800_000_000n),
    fc
      .bigInt({ min: 0n, max: 24n * 90n })
      .map((halfHours) => 1_729_000_000_000_000n + halfHours * 1_800_000_000n),
  )
  .chain((micros) =>
    fc.constantFrom(micros, micros - (micros % 1_000_000n), micros - (micros % 86_400_000_000n)),
  )
  .map((micros) => {
    const [seconds, rest] = [micros / 1_000_000n, micros % 1_000_000n];
    const whole = new Date(Number(rest < 0n ? seconds - 1n : seconds) * 1000).toISOString().slice(0, 19);
    return `${whole.replace('T', ' ')}.${String(rest < 0n ? rest + 1_000_000n : rest).padStart(6, '0')}`;
  });
const special = fc.constantFrom(
  'infinity',
  '-infinity',
  '4714-11-24 00:00:00 BC',
  '0001-01-01 00:00:00',
  LAST_MICROSECOND,
);
const timestamps = fc.oneof({ weight: 9, arbitrary: moments }, { weight: 1, arbitrary: special });
const timestamptz = fc.oneof(
  { weight: 9, arbitrary: moments.map((moment) => `${moment}+00`) },
  {
    weight: 1,
    arbitrary: special.map((moment) =>
      moment.endsWith('BC') ? moment.replace(' BC', '+00 BC') : moment.replace(/(?<=\d)$/, '+00'),
    ),
  },
);
const dates = fc.oneof(
  moments.map((moment) => moment.slice(0, 10)),
  fc.constantFrom(
    'infinity',
    '-infinity',
    '4714-11-24 BC',
    '5874897-12-31',
    '294276-12-31',
    '294277-01-01',
    '294275-12-30',
  ),
);
const integers = (greatest: bigint) =>
  fc
    .oneof(
      fc.bigInt({ min: -greatest - 1n, max: greatest }),
      fc.bigInt({ min: 0n, max: 2_000_000_000n }),
      fc.bigInt({ min: 0n, max: 2_000n }).map((number) => number * 1_000_000n),
      fc.constantFrom(greatest, -greatest - 1n),
    )
    .map(String);

/** PostgreSQL rounds the last moment up to one that it cannot read. */
function isStorable(moment: string): boolean {
  return !moment.startsWith(LAST_MICROSECOND);
}

const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  timestamp: timestamps,
  'timestamp(3)': timestamps.filter(isStorable),
  timestamptz,
  'timestamptz(3)': timestamptz.filter(isStorable),
  'timestamptz(0)': timestamptz.filter(isStorable),
  date: dates,
  bigint: integers(2n ** 63n - 1n),
  integer: integers(2n ** 31n - 1n),
};

const BERLIN = 'Europe/Berlin';

const CASES: Case[] = [
  {
    name: 'timestampToTimestamptz in UTC',
    from: 'timestamp',
    to: 'timestamptz',
    conversion: conversions.timestampToTimestamptz('UTC'),
    forward: [
      ['2024-03-31 02:30:00', '2024-03-31 02:30:00+00'],
      ['infinity', 'infinity'],
      ['4714-11-24 00:00:00 BC', '4714-11-24 00:00:00+00 BC'],
      [LAST_MICROSECOND, `${LAST_MICROSECOND}+00`],
    ],
    backward: [
      ['-infinity', '-infinity'],
      ['2024-10-27 00:30:00+00', '2024-10-27 00:30:00'],
    ],
  },
  {
    name: 'timestampToTimestamptz in Berlin',
    from: 'timestamp',
    to: 'timestamptz',
    conversion: conversions.timestampToTimestamptz(BERLIN),
    forward: [
      ['2024-07-01 12:00:00.123456', '2024-07-01 10:00:00.123456+00'],
      // Does not occur, and is kept.
      ['2024-03-31 02:30:00', '2024-03-31 01:30:00+00', '2024-03-31 03:30:00'],
      // Occurs twice: the second one.
      ['2024-10-27 02:30:00', '2024-10-27 01:30:00+00'],
      ['infinity', 'infinity'],
      ['4714-11-24 00:00:00 BC', null],
      [LAST_MICROSECOND, null],
    ],
    backward: [
      ['2024-10-27 01:30:00+00', '2024-10-27 02:30:00'],
      ['2024-10-27 00:30:00+00', null],
      ['4714-11-24 00:00:00+00 BC', null],
      [`${LAST_MICROSECOND}+00`, null],
      ['-infinity', '-infinity'],
    ],
  },
  {
    name: 'timestampToTimestamptz in Berlin with fewer digits',
    from: 'timestamp(3)',
    to: 'timestamptz(0)',
    conversion: conversions.timestampToTimestamptz(BERLIN, { old: 3, new: 0 }),
    forward: [
      ['2024-07-01 12:00:00.5', null],
      ['2024-07-01 12:00:00', '2024-07-01 10:00:00+00'],
    ],
    backward: [['2024-10-27 00:30:00+00', null]],
  },
  {
    name: 'timestamptzToTimestamp in UTC',
    from: 'timestamptz(3)',
    to: 'timestamp',
    conversion: conversions.timestamptzToTimestamp('UTC', { old: 3 }),
    forward: [
      ['2024-03-31 02:30:00.123+00', '2024-03-31 02:30:00.123'],
      ['infinity', 'infinity'],
    ],
    backward: [
      ['2024-03-31 02:30:00.1234', null],
      ['2024-03-31 02:30:00.123', '2024-03-31 02:30:00.123+00'],
    ],
  },
  {
    name: 'timestamptzToTimestamp in Berlin',
    from: 'timestamptz',
    to: 'timestamp(3)',
    conversion: conversions.timestamptzToTimestamp(BERLIN, { new: 3 }),
    forward: [
      ['2024-10-27 01:30:00+00', '2024-10-27 02:30:00'],
      // The same local time, and kept.
      ['2024-10-27 00:30:00+00', '2024-10-27 02:30:00', '2024-10-27 01:30:00+00'],
      ['2024-10-27 00:30:00.0001+00', null],
      [`${LAST_MICROSECOND}+00`, null],
    ],
    backward: [
      ['2024-03-31 02:30:00', null],
      ['infinity', 'infinity'],
      ['4714-11-24 00:00:00 BC', null],
    ],
  },
  {
    name: 'dateToTimestamp',
    from: 'date',
    to: 'timestamp',
    conversion: conversions.dateToTimestamp,
    forward: [
      ['2024-02-29', '2024-02-29 00:00:00'],
      ['4714-11-24 BC', '4714-11-24 00:00:00 BC'],
      ['5874897-12-31', null],
      ['infinity', 'infinity'],
      ['294276-12-30', '294276-12-30 00:00:00'],
    ],
    backward: [
      ['2024-02-29 00:00:00.000001', null],
      ['-infinity', '-infinity'],
    ],
  },
  {
    name: 'timestampToDate',
    from: 'timestamp(3)',
    to: 'date',
    conversion: conversions.timestampToDate,
    forward: [
      ['2024-02-29 00:00:00', '2024-02-29'],
      ['2024-02-29 12:00:00', null],
      ['infinity', 'infinity'],
    ],
    backward: [
      ['5874897-12-31', null],
      ['2024-02-29', '2024-02-29 00:00:00'],
    ],
  },
  {
    name: 'dateToTimestamptz in Berlin',
    from: 'date',
    to: 'timestamptz',
    conversion: conversions.dateToTimestamptz(BERLIN),
    forward: [
      ['2024-07-01', '2024-06-30 22:00:00+00'],
      ['5874897-12-31', null],
      ['-infinity', '-infinity'],
    ],
    backward: [
      ['2024-07-01 00:00:00+00', null],
      ['2024-06-30 22:00:00+00', '2024-07-01'],
      ['infinity', 'infinity'],
    ],
  },
  {
    name: 'dateToTimestamptz in a zone with days without midnight',
    from: 'date',
    to: 'timestamptz',
    conversion: conversions.dateToTimestamptz('America/Sao_Paulo'),
    forward: [
      ['2018-11-04', '2018-11-04 03:00:00+00'],
      ['2018-02-18', '2018-02-18 03:00:00+00'],
    ],
    backward: [['2018-02-18 02:00:00+00', null]],
  },
  {
    name: 'timestamptzToDate in UTC',
    from: 'timestamptz',
    to: 'date',
    conversion: conversions.timestamptzToDate('UTC'),
    forward: [
      ['2024-07-01 00:00:00+00', '2024-07-01'],
      ['2024-07-01 04:00:00+00', null],
    ],
    backward: [
      ['2024-07-01', '2024-07-01 00:00:00+00'],
      ['294277-01-01', null],
    ],
  },
  {
    name: "epochToTimestamptz('s')",
    from: 'bigint',
    to: 'timestamptz',
    conversion: conversions.epochToTimestamptz('s'),
    forward: [
      ['0', '1970-01-01 00:00:00+00'],
      ['-1', '1969-12-31 23:59:59+00'],
      ['1711850400', '2024-03-31 02:00:00+00'],
      ['9223372036854775807', null],
      ['-210866803200', '4714-11-24 00:00:00+00 BC'],
      ['-210866803201', null],
      ['9223371244799', '294246-12-31 23:59:59+00'],
      ['9223371244800', null],
    ],
    backward: [
      ['1970-01-01 00:00:00.5+00', null],
      ['infinity', null],
      ['2024-03-31 02:00:00+00', '1711850400'],
    ],
  },
  {
    name: "epochToTimestamptz('s') of an integer",
    from: 'integer',
    to: 'timestamptz(0)',
    conversion: conversions.epochToTimestamptz('s', { type: 'integer', precision: 0 }),
    forward: [
      ['2147483647', '2038-01-19 03:14:07+00'],
      ['-2147483648', '1901-12-13 20:45:52+00'],
    ],
    backward: [
      ['2038-01-19 03:14:08+00', null],
      ['-infinity', null],
    ],
  },
  {
    name: "epochToTimestamptz('ms')",
    from: 'bigint',
    to: 'timestamptz(3)',
    conversion: conversions.epochToTimestamptz('ms', { precision: 3 }),
    forward: [
      ['1711850400123', '2024-03-31 02:00:00.123+00'],
      ['-1', '1969-12-31 23:59:59.999+00'],
      ['9223372036854775807', null],
    ],
    backward: [['2024-03-31 02:00:00.123+00', '1711850400123']],
  },
  {
    name: "epochToTimestamptz('us')",
    from: 'bigint',
    to: 'timestamptz',
    conversion: conversions.epochToTimestamptz('us'),
    forward: [
      ['9223371244799999999', '294246-12-31 23:59:59.999999+00'],
      ['9223372036854775807', null],
      ['-9223372036854775808', null],
      ['1711850400123457', '2024-03-31 02:00:00.123457+00'],
    ],
    backward: [
      [`${LAST_MICROSECOND}+00`, null],
      ['4714-11-24 00:00:00+00 BC', '-210866803200000000'],
    ],
  },
  {
    name: "epochToTimestamptz('us') with fewer digits",
    from: 'bigint',
    to: 'timestamptz(3)',
    conversion: conversions.epochToTimestamptz('us', { precision: 3 }),
    forward: [
      ['1711850400123457', null],
      ['1711850400123000', '2024-03-31 02:00:00.123+00'],
    ],
    backward: [['2024-03-31 02:00:00.123+00', '1711850400123000']],
  },
  {
    name: "timestamptzToEpoch('ms')",
    from: 'timestamptz',
    to: 'bigint',
    conversion: conversions.timestamptzToEpoch('ms'),
    forward: [
      ['2024-03-31 02:00:00.123+00', '1711850400123'],
      ['2024-03-31 02:00:00.1234+00', null],
      ['infinity', null],
    ],
    backward: [
      ['9223372036854775807', null],
      ['-1', '1969-12-31 23:59:59.999+00'],
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
