import type { Conversion } from '../../change/column-change.ts';
import { onlyIf, reversed } from '../shared/expression.ts';
import { type IntegerType, isInRange } from './integers.ts';
import { asNumeric, numericType } from './numeric-type.ts';

/** A pair of conversions for one integer type. */
function conversionsOf(type: IntegerType, name: string) {
  const toNumeric = (precision?: number, scale = 0): Conversion => {
    const shape = numericType(name, precision, scale);
    return {
      forward: (value) => asNumeric(`(${value}::numeric)`, shape),
      backward: (value) =>
        onlyIf(`${value} = trunc(${value}) and ${isInRange(value, type)}`, `${value}::${type}`),
    };
  };
  return {
    toNumeric,
    fromNumeric: (precision?: number, scale = 0): Conversion => reversed(toNumeric(precision, scale)),
  };
}

const smallint = conversionsOf('smallint', 'smallint and numeric');
const integer = conversionsOf('integer', 'integer and numeric');
const bigint = conversionsOf('bigint', 'bigint and numeric');

/**
 * `integer` to `numeric(precision, scale)` and back. A number with too many digits is a reject. A number with a
 * fraction, one beyond `integer` and `NaN` cannot be converted back.
 *
 * @param precision number of all digits; none for a plain `numeric`
 * @param scale digits after the point
 * @throws DeclarationError if they are not whole numbers with 0 ≤ scale ≤ precision ≤ 1000
 */
export const integerToNumeric = integer.toNumeric;
/** The same for `smallint`. */
export const smallintToNumeric = smallint.toNumeric;
/** The same for `bigint`. */
export const bigintToNumeric = bigint.toNumeric;

/**
 * `numeric(precision, scale)` to `integer` and back. A number with a fraction, one beyond `integer` and `NaN` are
 * rejects. In a plain `numeric`, contract keeps the zeros of `1.00`.
 *
 * @param precision number of all digits; none for a plain `numeric`
 * @param scale digits after the point
 * @throws DeclarationError if they are not whole numbers with 0 ≤ scale ≤ precision ≤ 1000
 */
export const numericToInteger = integer.fromNumeric;
/** The same for `smallint`. */
export const numericToSmallint = smallint.fromNumeric;
/** The same for `bigint`. */
export const numericToBigint = bigint.fromNumeric;
