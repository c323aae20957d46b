import { escapeLiteral } from 'pg';
import type { Conversion } from '../change/column-change.ts';

/** Digits of a second's fraction that a type of time keeps if it is declared without a precision. */
export const FULL_PRECISION = 6;

/**
 * `timestamp` to `timestamptz` and back: what the clock on a wall in a zone says, to the moment at which it says it.
 *
 * Where the zone's clock is set back, an hour comes twice: the second one of the two cannot be written through the new
 * column while the old one is there. In UTC there is no such hour.
 *
 * A value with more digits than the other column keeps has no equal there: PostgreSQL would round it.
 *
 * @param zone in which the old values are meant: `UTC`, `Europe/Berlin`
 * @param precision digits of a second's fraction in the two columns, as their types declare them: 3 for `timestamp(3)`
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
    forward: (value) => (added < old ? whereKept(value, `timestamp(${added})`) : atZone(value)),
    backward: (value) => (old < added ? whereKept(value, `timestamptz(${old})`) : atZone(value)),
  };
}
