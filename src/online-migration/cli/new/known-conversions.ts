import { type ChosenConversion, type PairDetails, PAIRS } from './conversion-pairs.ts';

/**
 * Finds the package's conversion between two types in the catalog's spelling.
 * @returns null if it has none; the reason, without a full stop, if the pair is known and cannot convert these two
 *   types
 */
export function knownConversion(
  from: string,
  to: string,
  details: PairDetails,
): ChosenConversion | string | null {
  for (const pair of PAIRS) {
    const [fromMatch, toMatch] = [pair.from.exec(from), pair.to.exec(to)];
    const chosen = fromMatch && toMatch && pair.choose(fromMatch, toMatch, details);
    if (chosen) return chosen;
  }
  return null;
}

/** The pairs that the package converts, for people. */
export function knownPairs(): string {
  return PAIRS.map(({ text }) => text).join(', ');
}
