import type { Conversion } from '../../change/column-change.ts';
import { DeclarationError } from '../../change/declaration-check.ts';

/** Writes an SQL expression that converts a value. */
export type Convert = Conversion['forward'];

/** An SQL condition: two values are the same. */
type Comparison = (one: string, other: string) => string;

/** The result if the condition holds, otherwise null. PostgreSQL does not compute the result before the condition. */
export function onlyIf(condition: string, result: string): string {
  return `case when ${condition} then ${result} end`;
}

/** The same text, byte by byte: another collation may treat different texts as equal. */
export const isSameText: Comparison = (one, other) => `((${one})::text collate "C") = (${other})::text`;

const isEqual: Comparison = (one, other) => `(${one}) = ${other}`;

/**
 * An expression that is null unless its result leads back to the value. Without it, a value that is only similar to a
 * faithful one would be replaced by that one on the way back.
 *
 * @param convert to the other type
 * @param back from the other type
 */
export function ifItLeadsBack(convert: Convert, back: Convert, isSame: Comparison = isEqual): Convert {
  return (value) => onlyIf(isSame(back(`(${convert(value)})`), value), convert(value));
}

/**
 * The conversion in the other direction. An old value that cannot be rebuilt is no reject: contract keeps it.
 * @param isSame compares two new values
 */
export function reversed(conversion: Conversion, isSame: Comparison = isEqual): Conversion {
  const { forward, serverVersion } = conversion;
  const backward = backwardOf(conversion);
  return {
    forward: backward,
    backward: ifItLeadsBack(forward, backward, isSame),
    ...(serverVersion === undefined ? {} : { serverVersion }),
  };
}

/** The same for a conversion from a text. */
export function reversedToText(conversion: Conversion): Conversion {
  return reversed(conversion, isSameText);
}

/** @throws DeclarationError if there is no way back */
export function backwardOf({ backward }: Conversion): Convert {
  if (backward === 'not reversible') {
    throw new DeclarationError('DECLARATION_INVALID', 'A conversion without a way back cannot be reversed.');
  }
  return backward;
}
