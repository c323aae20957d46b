import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Of UUIDs, ULIDs, trace ids and the like; anything else could be made to look like a part of the log. */
const WELL_FORMED = /^[\w.:=+/-]{1,128}$/;

/** The header that carries the id, in both directions. */
export const REQUEST_ID_HEADER = 'X-Request-Id';

/**
 * The id under which a request is found in all logs: the one that a proxy or the client gave it, else a new one.
 * @param headers of the request
 */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : randomUUID();
}
