import type { Conversion } from '../../change/column-change.ts';
import { type Convert, ifItLeadsBack, onlyIf } from '../shared/expression.ts';
import { asNumeric, numericType } from './numeric-type.ts';

/*
 * The shortest decimal that is read as the same number, as PostgreSQL writes it: 0.1 for 0.1. The cast to text
 * depends on `extra_float_digits`, and the cast to numeric keeps 6 or 15 digits only. So the expression takes the
 * cast if it leads back, and otherwise computes the exact number and rounds it to more digits.
 */

/** The greatest number whose 15 digits `double precision` can hold: rounding a greater one up exceeds its range. */
const ROUNDABLE_DOUBLE = '1.79769313486231e308';
/** Least number above zero and greatest number of the types. A cast of any other number raises an error. */
const DOUBLE_RANGE = ['4.9406564584124654e-324', '1.7976931348623157e308'] as const;
const REAL_RANGE = ['1.4012984643248171e-45', '3.4028234663852886e38'] as const;

/** Digits that any `real` and any `double precision` keep; one more for a logarithm that is slightly too great. */
const REAL_DIGITS = [7, 8, 9, 10];
const DOUBLE_DIGITS = [16, 17, 18];

/** The bits of a `double precision` as a `bigint`. */
function bitsOf(value: string): string {
  return `('x' || encode(float8send(${value}), 'hex'))::bit(64)::bigint`;
}

/** A finite `double precision` as the exact `numeric`: its 53 digits of the base 2, times a power of 2. */
function exactNumeric(value: string): string {
  const bits = `(${bitsOf(value)})`;
  const exponent = `(${bits} >> 52 & 2047)`;
  const mantissa = `((${bits} & 4503599627370495) + case when ${exponent} > 0 then 4503599627370496 else 0 end)`;
  const power = `(greatest(${exponent}, 1) - 1075)`;
  // 5 ^ n / 10 ^ n instead of 1 / 2 ^ n: numeric would round the quotient.
  const scaled = `case when ${power} >= 0 then ${mantissa} * 2::numeric ^ ${power} else ${mantissa} * 5::numeric ^ (-${power}) * ('1e' || ${power})::numeric end`;
  return `(sign(${value})::numeric * ${scaled})`;
}

/** A `numeric` rounded to a number of digits. */
function rounded(number: string, value: string, digits: number): string {
  return `round(${number}, ${digits - 1} - floor(log(abs(${value})))::integer)`;
}

function doubleToDecimal(value: string): string {
  const exact = exactNumeric(value);
  const [first, second, last] = DOUBLE_DIGITS.map((digits) => rounded(exact, value, digits));
  const isRoundable = `abs(${value}) <= ${ROUNDABLE_DOUBLE}`;
  return `case
      when ${value} = 0 or not abs(${value}) < 'infinity' then ${value}::numeric
      when ${isRoundable} and case when ${isRoundable} then ${value}::numeric::double precision end = ${value} then ${value}::numeric
      when ${isRoundable} and case when ${isRoundable} then ${first}::double precision end = ${value} then ${first}
      when ${second}::double precision = ${value} then ${second}
      else ${last}
    end`;
}

function realToDecimal(value: string): string {
  const exact = `${value}::double precision::numeric`;
  const tries = REAL_DIGITS.map((digits) => rounded(exact, value, digits));
  return `case
      when ${value} = 0 or not abs(${value}) < 'infinity' then ${value}::numeric
      when ${value}::numeric::real = ${value} then ${value}::numeric
      ${tries.map((number) => `when ${number}::real = ${value} then ${number}`).join('\n      ')}
      else ${exact}
    end`;
}

function floatToNumeric(
  type: 'real' | 'double precision',
  [least, greatest]: readonly [string, string],
  decimal: Convert,
  shape: ReturnType<typeof numericType>,
): Conversion {
  const forward: Convert = (value) => asNumeric(`(${decimal(value)})`, shape);
  const isCastable = (value: string) =>
    `${value} = 0 or abs(${value}) between ${least} and ${greatest} or not abs(${value}) < 'infinity'`;
  const exact = ifItLeadsBack((value) => `${value}::${type}`, forward);
  return { forward, backward: (value) => onlyIf(isCastable(value), exact(value)) };
}

/**
 * `real` to `numeric(precision, scale)` and back: the shortest decimal that is read as the same number, such as `0.1`. A
 * number with a longer fraction or too many digits is a reject. A decimal with more digits than the shortest cannot be
 * converted back. A plain `numeric` also holds `NaN` and `Infinity`. Contract keeps `-0`, because `numeric` does not
 * have it.
 *
 * @param precision number of all digits; none for a plain `numeric`
 * @param scale digits after the point
 * @throws DeclarationError if they are not whole numbers with 0 ≤ scale ≤ precision ≤ 1000
 */
export function realToNumeric(precision?: number, scale = 0): Conversion {
  return floatToNumeric('real', REAL_RANGE, realToDecimal, numericType('realToNumeric', precision, scale));
}

/** The same for `double precision`. */
export function doubleToNumeric(precision?: number, scale = 0): Conversion {
  return floatToNumeric(
    'double precision',
    DOUBLE_RANGE,
    doubleToDecimal,
    numericType('doubleToNumeric', precision, scale),
  );
}
