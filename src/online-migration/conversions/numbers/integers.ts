import type { Conversion } from '../../change/column-change.ts';
import { integerToBigint } from './integer-to-bigint.ts';
import { onlyIf, reversed } from '../shared/expression.ts';

/** The integer types with their least and greatest numbers, the narrowest first. */
export const INTEGER_RANGES = {
  smallint: ['-32768', '32767'],
  integer: ['-2147483648', '2147483647'],
  bigint: ['-9223372036854775808', '9223372036854775807'],
} as const;

/** The name of an integer type. */
export type IntegerType = keyof typeof INTEGER_RANGES;

/** A condition on a number: it is in the range of the type. */
export function isInRange(value: string, type: IntegerType): string {
  const [least, greatest] = INTEGER_RANGES[type];
  return `${value} between ${least} and ${greatest}`;
}

/** To a wider type: all convert. */
function widened(narrow: IntegerType, wide: IntegerType): Conversion {
  return {
    forward: (value) => `${value}::${wide}`,
    backward: (value) => onlyIf(isInRange(value, narrow), `${value}::${narrow}`),
  };
}

/** `smallint` to `integer` and back. A number beyond `smallint` cannot be converted back. */
export const smallintToInteger: Conversion = widened('smallint', 'integer');

/** `smallint` to `bigint` and back. A number beyond `smallint` cannot be converted back. */
export const smallintToBigint: Conversion = widened('smallint', 'bigint');

/** `integer` to `smallint` and back. A number beyond `smallint` is a reject. */
export const integerToSmallint: Conversion = reversed(smallintToInteger);

/** `bigint` to `smallint` and back. A number beyond `smallint` is a reject. */
export const bigintToSmallint: Conversion = reversed(smallintToBigint);

/** `bigint` to `integer` and back. A number beyond `integer` is a reject. */
export const bigintToInteger: Conversion = reversed(integerToBigint);
