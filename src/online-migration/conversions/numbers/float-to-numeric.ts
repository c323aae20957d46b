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

/** A type of floating-point numbers. */
interface FloatType {
  readonly name: 'real' | 'double precision';
  /** Digits of a decimal that the cast to `numeric` keeps, and with which no two decimals are read as the same number. */
  readonly castDigits: number;
  /** The greatest number that the cast to `numeric` and back does not round up beyond the range. */
  readonly roundable: string;
  /** More digits, which the cast does not keep. The last of them are enough for any number. */
  readonly digits: readonly number[];
  /** The number with more digits than that. */
  readonly exact: Convert;
  /** Least number above zero and greatest number. The cast of any other number to the type raises an error. */
  readonly range: readonly [least: string, greatest: string];
}

const DOUBLE: FloatType = {
  name: 'double precision',
  castDigits: 15,
  roundable: ROUNDABLE_DOUBLE,
  digits: [16, 17, 18],
  exact: exactNumeric,
  range: ['4.9406564584124654e-324', '1.7976931348623157e308'],
};
const REAL: FloatType = {
  name: 'real',
  castDigits: 6,
  roundable: '3.4028234e38',
  // One more than needed, because the logarithm may be slightly too great.
  digits: [7, 8, 9, 10],
  exact: (value) => `${value}::double precision::numeric`,
  range: ['1.4012984643248171e-45', '3.4028234663852886e38'],
};

/** The decimal of a number; null if it has more digits than the cast keeps. */
function shortDecimal(value: string, { name, roundable }: FloatType): string {
  return onlyIf(
    `abs(${value}) <= ${roundable}::${name}`,
    onlyIf(`${value}::numeric::${name} = ${value}`, `${value}::numeric`),
  );
}

/**
 * The decimal of a number. Subqueries name the intermediate results, because an expression that repeats them takes long
 * to plan.
 */
function anyDecimal(value: string, type: FloatType): string {
  const rounded = type.digits.map((digits) => `round(exact.number, ${digits - 1} - exact.magnitude)`);
  const branches = rounded
    .slice(0, -1)
    .map((number, place) => {
      // Fewer digits could round a number up beyond the range.
      const isCastable = place === 0 ? `abs(${value}) <= ${type.roundable}::${type.name} and ` : '';
      return `when case when ${isCastable}true then ${number}::${type.name} end = ${value} then ${number}`;
    })
    .join(' ');
  return `case
      when ${value} = 0 or not abs(${value}) < 'infinity' then ${value}::numeric
      else coalesce(${shortDecimal(value, type)}, (
        select case ${branches} else ${rounded.at(-1)} end
        from (select ${type.exact(value)} as number, floor(log(abs(${value})))::integer as magnitude offset 0) as exact
      ))
    end`;
}

function floatToNumeric(
  type: FloatType,
  name: string,
  precision: number | undefined,
  scale: number,
): Conversion {
  const shape = numericType(name, precision, scale);
  const hasShortDecimals = precision !== undefined && precision <= type.castDigits;
  const forward: Convert = (value) =>
    hasShortDecimals
      ? asNumeric(`(${shortDecimal(value, type)})`, shape)
      : `(select ${asNumeric('decimal.number', shape)} from (select ${anyDecimal(value, type)} as number offset 0) as decimal)`;
  const [least, greatest] = type.range;
  const isCastable = (value: string) =>
    `${value} = 0 or abs(${value}) between ${least} and ${greatest} or not abs(${value}) < 'infinity'`;
  const exact = ifItLeadsBack((value) => `${value}::${type.name}`, forward);
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
  return floatToNumeric(REAL, 'realToNumeric', precision, scale);
}

/** The same for `double precision`. */
export function doubleToNumeric(precision?: number, scale = 0): Conversion {
  return floatToNumeric(DOUBLE, 'doubleToNumeric', precision, scale);
}
