import type { Conversion } from '../../change/column-change.ts';
import { ifItLeadsBack, onlyIf } from '../shared/expression.ts';
import { isUtc, toInstant, toLocalTime } from './time-zone.ts';

/** Fraction digits of a time type that is declared without a precision. */
export const FULL_PRECISION = 6;

/** Digits of a second's fraction in the two columns, as their types declare them: 3 for `timestamp(3)`. */
export interface Precisions {
  readonly old?: number;
  readonly new?: number;
}

/**
 * `timestamp` to `timestamptz` and back: a local time in a time zone, to the point in time that it denotes.
 *
 * When the zone's clocks are set back, one hour occurs twice. The first of these hours cannot be converted back, because
 * PostgreSQL reads the local time as the second one. When they are set forward, one hour does not occur; contract keeps
 * its local times. In UTC no hour occurs twice.
 *
 * A value with more digits than the other column stores has no equal, because PostgreSQL would round it. In another zone
 * than UTC, neither has one within a year of the type's limits.
 *
 * @param zone the time zone of the old values: `UTC`, `Europe/Berlin`
 * @param precisions of the two columns
 */
export function timestampToTimestamptz(
  zone: string,
  { old = FULL_PRECISION, new: added = FULL_PRECISION }: Precisions = {},
): Conversion {
  const [instant, local] = [toInstant(zone), toLocalTime(zone)];
  const faithfulLocal = isUtc(zone) ? local : ifItLeadsBack(local, instant);
  return {
    forward: (value) =>
      added < old
        ? `(${onlyIf(`${value} = ${value}::timestamp(${added})`, instant(value))})::timestamptz(${added})`
        : instant(value),
    backward: (value) =>
      old < added
        ? `(${onlyIf(`${value} = ${value}::timestamptz(${old})`, faithfulLocal(value))})::timestamp(${old})`
        : faithfulLocal(value),
  };
}
