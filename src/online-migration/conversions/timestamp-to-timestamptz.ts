import { escapeLiteral } from 'pg';
import type { Conversion } from '../change/column-change.ts';

/** Fraction digits of a time type that is declared without a precision. */
export const FULL_PRECISION = 6;

/**
 * `timestamp` to `timestamptz` and back: a local time in a time zone, to the point in time that it denotes.
 *
 * When the zone's clocks are set back, one hour occurs twice. While the old column exists, the second of these hours
 * cannot be written through the new column. In UTC no hour occurs twice.
 *
 * A value with more digits than the other column stores has no equal, because PostgreSQL would round it.
 *
 * @param zone the time zone of the old values: `UTC`, `Europe/Berlin`
 * @param precision digits of a second's fraction in the two columns, as their types declare them: 3 for
 *   `timestamp(3)`
 */
export function timestampToTimestamptz(
  zone: string,
  {
    old = FULL_PRECISION,
    new: added = FULL_PRECISION,
  }: { readonly old?: number; readonly new?: number } = {},
): Conversion {
  const atZone = (value: string) => `${value} at time zone ${escapeLiteral(zone)}`;
  const whereKept = (value: string, type: string) =>
    `case when ${value} = ${value}::${type} then ${atZone(value)} end`;
  return {
    forward: (value) =>
      added < old ? `(${whereKept(value, `timestamp(${added})`)})::timestamptz(${added})` : atZone(value),
    backward: (value) =>
      old < added ? `(${whereKept(value, `timestamptz(${old})`)})::timestamp(${old})` : atZone(value),
  };
}
