import type { Conversion } from '../../change/column-change.ts';
import { onlyIf, reversed } from '../shared/expression.ts';
import { INTEGER_RANGES } from './integers.ts';
import { asNumeric, numericType } from './numeric-type.ts';

/**
 * `numeric` to a `bigint` in its smallest unit and back: `12.34` to `1234` with a scale of 2. A number with a longer
 * fraction, one beyond `bigint` and `NaN` are rejects.
 *
 * @param scale digits after the point
 * @param precision number of all digits of the old type; none for a plain `numeric`
 * @throws DeclarationError if they are not whole numbers with 0 ≤ scale ≤ precision ≤ 1000
 */
export function numericToCents(scale: number, precision?: number): Conversion {
  const old = numericType('numericToCents', precision, scale);
  return {
    forward: (value) => onlyIf(isWholeCents(value, scale), centsOf(value, scale)),
    backward: (value) => asNumeric(`(${value}::numeric * 1e-${scale})`, old),
  };
}

/**
 * `bigint` in the smallest unit to `numeric` and back: `1234` to `12.34` with a scale of 2.
 *
 * @param scale digits after the point
 * @param precision number of all digits of the new type; none for a plain `numeric`
 * @throws DeclarationError if they are not whole numbers with 0 ≤ scale ≤ precision ≤ 1000
 */
export function centsToNumeric(scale: number, precision?: number): Conversion {
  return reversed(numericToCents(scale, precision));
}

/** A condition on a `numeric`: it is a whole number of smallest units, and a `bigint` holds them. */
export function isWholeCents(value: string, scale: number): string {
  const [least, greatest] = INTEGER_RANGES.bigint;
  return `${value} = round(${value}, ${scale}) and ${value} between ${least}e-${scale} and ${greatest}e-${scale}`;
}

/** A `numeric` in its smallest unit. */
export function centsOf(value: string, scale: number): string {
  return `(${value} * 1e${scale})::bigint`;
}
