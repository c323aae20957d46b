import { escapeLiteral } from 'pg';
import type { Conversion } from '../../change/column-change.ts';
import { reversed } from '../shared/expression.ts';

/** A word, or several of which the first is written. */
type Words = string | readonly string[];

/**
 * Text to `boolean` and back. Any other text is a reject. If several words stand for one value, the way back writes
 * the first, and contract keeps the others.
 *
 * @param words for true and for false: `{ true: ['yes', 'y'], false: ['no', 'n'] }`
 */
export function textToBoolean(words: { readonly true: Words; readonly false: Words }): Conversion {
  const [yes, no] = [words.true, words.false].map((list) =>
    (typeof list === 'string' ? [list] : list).map(escapeLiteral),
  ) as [string[], string[]];
  return {
    forward: (value) => {
      const text = `(${value}::text collate "C")`;
      return `case when ${text} in (${yes.join(', ')}) then true when ${text} in (${no.join(', ')}) then false end`;
    },
    backward: (value) => `case when ${value} then ${yes[0]}::text when not ${value} then ${no[0]}::text end`,
  };
}

function numberToBoolean(type: 'smallint' | 'integer'): Conversion {
  return {
    forward: (value) => `case ${value} when 1 then true when 0 then false end`,
    backward: (value) => `(case when ${value} then 1 when not ${value} then 0 end)::${type}`,
  };
}

/** `integer` to `boolean` and back: 1 is true, 0 is false, and any other number is a reject. */
export const integerToBoolean: Conversion = numberToBoolean('integer');

/** The same for `smallint`. */
export const smallintToBoolean: Conversion = numberToBoolean('smallint');

/** `boolean` to `integer` and back: 1 or 0. Any other number cannot be converted back. */
export const booleanToInteger: Conversion = reversed(integerToBoolean);

/** The same for `smallint`. */
export const booleanToSmallint: Conversion = reversed(smallintToBoolean);
