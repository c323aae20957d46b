import type { Conversion } from '../../change/column-change.ts';
import { onlyIf } from '../shared/expression.ts';
import { centsOf, isWholeCents } from './numeric-to-cents.ts';
import { asNumeric, numericType } from './numeric-type.ts';

/** Digits after the point of `money` in nearly all locales. */
const FRACTION_DIGITS = 2;

/**
 * The stored integer of a `money`. The cast to `numeric` would divide it by a power of ten that `lc_monetary` decides.
 */
function storedInteger(money: string): string {
  return `('x' || encode(cash_send(${money}), 'hex'))::bit(64)::bigint`;
}

/** The `money` with the stored integer 1. The cast gives 1, 100 or 1000, as `lc_monetary` decides. */
const ONE = `1::bigint::money`;
const UNIT = `(${ONE} / (${storedInteger(ONE)}))`;

/**
 * `money` to `numeric(precision, scale)` and back. It does not depend on the `lc_monetary` of a session: it reads the
 * stored integer. A number with a longer fraction cannot be converted back.
 *
 * @param precision number of all digits; none for a plain `numeric`
 * @param scale digits after the point of the new type
 * @param fractionDigits digits after the point with which the values were written: 2, or 0 for yen
 * @throws DeclarationError if they are not whole numbers with 0 ≤ scale ≤ precision ≤ 1000
 */
export function moneyToNumeric(
  precision?: number,
  scale = FRACTION_DIGITS,
  fractionDigits: number = FRACTION_DIGITS,
): Conversion {
  const added = numericType('moneyToNumeric', precision, scale);
  const { scale: digits } = numericType('moneyToNumeric', undefined, fractionDigits);
  return {
    forward: (value) => asNumeric(`((${storedInteger(value)})::numeric * 1e-${digits})`, added),
    backward: (value) => onlyIf(isWholeCents(value, digits), `${UNIT} * ${centsOf(value, digits)}`),
  };
}
