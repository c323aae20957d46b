import { escapeLiteral } from 'pg';
import type { Conversion } from '../column-change.ts';

/**
 * `timestamp` to `timestamptz` and back: what the clock on a wall in a zone says, to the moment at which it says it.
 *
 * Where the zone's clock is set back, an hour comes twice: the second one of the two cannot be written through the new
 * column while the old one is there. In UTC there is no such hour.
 *
 * @param zone in which the old values are meant: `UTC`, `Europe/Berlin`
 */
export function timestampToTimestamptz(zone: string): Conversion {
  const atZone = (value: string) => `${value} at time zone ${escapeLiteral(zone)}`;
  return { forward: atZone, backward: atZone };
}
