import { escapeLiteral } from 'pg';
import { type Convert, onlyIf } from '../shared/expression.ts';

const UTC = /^(?:utc|gmt|etc\/(?:utc|gmt))$/i;

/** Whether local times of the zone are always those of UTC. */
export function isUtc(zone: string): boolean {
  return UTC.test(zone);
}

/** A local `timestamp` to the point in time. */
export function toInstant(zone: string): Convert {
  return shifted(zone, 'timestamp', '');
}

/** A point in time to the local `timestamp`. */
export function toLocalTime(zone: string): Convert {
  return shifted(zone, 'timestamptz', '+00');
}

/**
 * A shift by the zone's offset could exceed the limits of the type, which raises an error. So it leaves out the first
 * and the last year. Literals with the year first do not depend on DateStyle.
 */
function shifted(zone: string, type: string, offset: string): Convert {
  const [first, last] = ['4713-01-01 00:00:00', '294275-12-31 00:00:00'].map((time) => `${time}${offset}`);
  return (value) => {
    const result = `${value} at time zone ${escapeLiteral(zone)}`;
    if (isUtc(zone)) return result;
    const isFarFromLimits = `${value} between ${type} '${first} BC' and ${type} '${last}'`;
    return onlyIf(`${isFarFromLimits} or not isfinite(${value})`, result);
  };
}
