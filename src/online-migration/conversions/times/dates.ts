import type { Conversion } from '../../change/column-change.ts';
import { type Convert, ifItLeadsBack, onlyIf, reversed } from '../shared/expression.ts';
import { toInstant, toLocalTime } from './time-zone.ts';

/** A date to its midnight; null beyond the range of `timestamp`, in which the cast would raise an error. */
const midnight: Convert = (value) =>
  onlyIf(`${value} < date '294276-12-31' or not isfinite(${value})`, `${value}::timestamp`);

/**
 * `date` to `timestamp` and back: midnight of the day. Any other time of day cannot be converted back. Days after the
 * year 294275 are rejects, and the last one.
 */
export const dateToTimestamp: Conversion = {
  forward: midnight,
  backward: ifItLeadsBack((value) => `${value}::date`, midnight),
};

/** `timestamp` to `date` and back. Any other time of day than midnight is a reject. */
export const timestampToDate: Conversion = reversed(dateToTimestamp);

/**
 * `date` to `timestamptz` and back: midnight of the day in a time zone, or the first moment of a day without midnight.
 * Any other time of day cannot be converted back.
 *
 * @param zone the time zone: `UTC`, `Europe/Berlin`
 */
export function dateToTimestamptz(zone: string): Conversion {
  const [instant, local] = [toInstant(zone), toLocalTime(zone)];
  const forward: Convert = (value) => instant(`(${midnight(value)})`);
  return {
    forward,
    backward: ifItLeadsBack((value) => `(${local(value)})::date`, forward),
  };
}

/**
 * `timestamptz` to `date` and back. Any other time of day in the zone than midnight is a reject.
 * @param zone the time zone: `UTC`, `Europe/Berlin`
 */
export function timestamptzToDate(zone: string): Conversion {
  return reversed(dateToTimestamptz(zone));
}
