import type { Conversion } from '../../change/column-change.ts';
import { onlyIf, reversed } from '../shared/expression.ts';
import { type IntegerType, isInRange } from '../numbers/integers.ts';
import { FULL_PRECISION } from './timestamp-to-timestamptz.ts';

/** Seconds, milliseconds or microseconds. */
export type EpochUnit = 's' | 'ms' | 'us';

/** Units in a second, and the length of a unit as an interval. */
const UNITS = {
  s: ['1', '1 second'],
  ms: ['1000', '1 millisecond'],
  us: ['1000000', '1 microsecond'],
} as const;
const SECONDS_OF_A_DAY = 86_400n;
/**
 * 4714-11-24 BC, with which `timestamptz` begins, and the year 294247, in seconds since 1970. Later on, `extract` loses
 * microseconds.
 */
const FIRST_SECOND = -210_866_803_200n;
const END_TIME = `timestamptz '294247-01-01 00:00:00+00'`;
const END_SECOND = 9_223_371_244_800n;

/** Further properties of the two types. */
export interface EpochTypes {
  /** The integer type; `bigint` by default. */
  readonly type?: Exclude<IntegerType, 'smallint'>;
  /** Digits of a second's fraction in the other type; 6 by default. */
  readonly precision?: number;
}

/**
 * An integer to `timestamptz` and back: the time since 1970-01-01 00:00 UTC in a unit. A fraction of the unit,
 * `infinity` and a time beyond the integer type cannot be converted back. A number beyond the years from 4714 BC to
 * 294246 is a reject.
 *
 * @param unit of the integer: `'s'`, `'ms'` or `'us'`
 */
export function epochToTimestamptz(
  unit: EpochUnit,
  { type = 'bigint', precision = FULL_PRECISION }: EpochTypes = {},
): Conversion {
  const [perSecond, length] = UNITS[unit];
  const perDay = SECONDS_OF_A_DAY * BigInt(perSecond);
  const [first, end] = [FIRST_SECOND, END_SECOND].map((second) => second * BigInt(perSecond));
  const forward = (value: string) => {
    const number = `${value}::bigint`;
    // Days and the rest, because an interval's factor is a double, which does not hold all numbers. In UTC, because
    // a day of another zone may have 23 hours.
    const moment = `(timestamp '1970-01-01 00:00:00' + (${number} / ${perDay}) * interval '1 day' + (${number} % ${perDay}) * interval '${length}') at time zone 'UTC'`;
    return onlyIf(`${number}::numeric >= ${first} and ${number}::numeric < ${end}`, moment);
  };
  const precise = (value: string) => {
    if (precision === FULL_PRECISION) return forward(value);
    const moment = `(${forward(value)})`;
    return `(${onlyIf(`${moment} = ${moment}::timestamptz(${precision})`, moment)})::timestamptz(${precision})`;
  };
  const units = (value: string) => `(extract(epoch from ${value}) * ${perSecond})`;
  return {
    forward: precise,
    backward: (value) =>
      onlyIf(
        `isfinite(${value}) and ${value} < ${END_TIME}`,
        onlyIf(
          `${units(value)} = trunc(${units(value)}) and ${isInRange(units(value), type)}`,
          `${units(value)}::${type}`,
        ),
      ),
  };
}

/**
 * `timestamptz` to an integer and back: the time since 1970-01-01 00:00 UTC in a unit. A fraction of the unit,
 * `infinity` and a time beyond the integer type are rejects.
 *
 * @param unit of the integer: `'s'`, `'ms'` or `'us'`
 */
export function timestamptzToEpoch(unit: EpochUnit, types: EpochTypes = {}): Conversion {
  return reversed(epochToTimestamptz(unit, types));
}
