import { Chance } from './chance.ts';
import type { HostileRequest } from './hostile-request.ts';
import { injection } from './injection.ts';
import { oddButValid } from './odd-but-valid.ts';
import { slowRequest } from './slow-request.ts';
import { brokenText, wrongBody, wrongEncoding, wrongInItself } from './wrong-body.ts';
import { wrongPlace } from './wrong-place.ts';
import type { ApiDocumentation } from '../../../support/documented-answers.ts';

/** One request in so many is a slow one. */
const SLOW_EVERY = 40;

/**
 * Makes requests that are wrong, odd or meant to harm, of every kind in turn.
 *
 * @param documentation of the API that they are sent to
 * @param seed decides everything
 * @param rows the records that are there have the ids from 1 on; each is changed by one request at most
 * @param count how many
 */
export function makeHostileRequests(
  documentation: ApiDocumentation,
  seed: string,
  rows: number,
  count: number,
): HostileRequest[] {
  const chance = new Chance(seed, rows);
  const kinds = [
    () => wrongPlace(chance, documentation),
    () => wrongPlace(chance, documentation),
    () => wrongInItself(chance),
    () => injection(chance),
    () => injection(chance),
    () => wrongBody(chance),
    () => oddButValid(chance),
    () => wrongEncoding(chance),
    () => brokenText(chance),
  ];
  return Array.from({ length: count }, (_, index) =>
    index % SLOW_EVERY === SLOW_EVERY - 1 ? slowRequest(chance) : kinds[index % kinds.length]!(),
  );
}
