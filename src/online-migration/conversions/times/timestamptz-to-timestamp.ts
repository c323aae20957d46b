import type { Conversion } from '../../change/column-change.ts';
import { ifItLeadsBack, onlyIf } from '../shared/expression.ts';
import { FULL_PRECISION, type Precisions } from './timestamp-to-timestamptz.ts';
import { isUtc, toInstant, toLocalTime } from './time-zone.ts';

/**
 * `timestamptz` to `timestamp` and back: a point in time to the local time in a time zone.
 *
 * When the zone's clocks are set back, two points in time have the same local time, and contract keeps the first one.
 * When they are set forward, one hour does not occur, and its local times cannot be converted back. In UTC neither
 * happens.
 *
 * A value with more digits than the other column stores has no equal, because PostgreSQL would round it.
 *
 * @param zone the time zone of the new values: `UTC`, `Europe/Berlin`
 */
export function timestamptzToTimestamp(
  zone: string,
  { old = FULL_PRECISION, new: added = FULL_PRECISION }: Precisions = {},
): Conversion {
  const [instant, local] = [toInstant(zone), toLocalTime(zone)];
  const faithfulInstant = isUtc(zone) ? instant : ifItLeadsBack(instant, local);
  return {
    forward: (value) =>
      added < old
        ? `(${onlyIf(`${value} = ${value}::timestamptz(${added})`, local(value))})::timestamp(${added})`
        : local(value),
    backward: (value) =>
      old < added
        ? `(${onlyIf(`${value} = ${value}::timestamp(${old})`, faithfulInstant(value))})::timestamptz(${old})`
        : faithfulInstant(value),
  };
}
