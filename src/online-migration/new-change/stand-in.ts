import type { Conversion } from '../change/column-change.ts';
import type { Obstacle } from '../change/obstacle.ts';

/** Whether a person removes an obstacle together with writing the conversion. */
export function leftToPerson({ code }: Obstacle): boolean {
  return code === 'NEW_DEFAULT_MISSING';
}

/** A conversion of the right types in place of one that is not written, for the checks of the catalog. */
export function standIn(from: string, to: string): Conversion {
  return { forward: () => `null::${to}`, backward: () => `null::${from}` };
}
