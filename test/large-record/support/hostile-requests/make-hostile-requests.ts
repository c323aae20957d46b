import { brokenHttp } from '../../../support/hostile-requests/broken-http.ts';
import { Chance } from './chance.ts';
import type { HostileRequest } from './hostile-request.ts';
import { injection } from './injection.ts';
import { oddButValid } from './odd-but-valid.ts';
import { flood, pipeline, slow, wrongFraming } from './slow-request.ts';
import { brokenText, wrongBody, wrongEncoding, wrongInItself } from './wrong-body.ts';
import { type Documented, wrongPlace } from './wrong-place.ts';

/** One request in so many is a slow one. */
const SLOW_EVERY = 40;

/**
 * Makes requests that are wrong, odd or meant to harm, of every kind in turn.
 *
 * @param operations of the document
 * @param seed decides everything
 * @param rows the records that are there have the ids from 1 on; each is changed by one request at most
 * @param count how many
 */
export function makeHostileRequests(
  operations: readonly Documented[],
  seed: number,
  rows: number,
  count: number,
): HostileRequest[] {
  const chance = new Chance(seed, rows);
  const kinds = [
    () => wrongPlace(chance, operations),
    () => wrongPlace(chance, operations),
    () => wrongInItself(chance),
    () => injection(chance),
    () => injection(chance),
    () => wrongBody(chance),
    () => oddButValid(chance),
    () => wrongEncoding(chance),
    () => brokenText(chance),
    () => brokenHttp(chance),
    () => wrongFraming(chance),
    () => pipeline(chance),
    () => flood(chance),
  ];
  return Array.from({ length: count }, (_, index) =>
    index % SLOW_EVERY === SLOW_EVERY - 1 ? slow(chance) : kinds[index % kinds.length]!(),
  );
}
