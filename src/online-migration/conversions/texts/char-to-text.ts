import type { Conversion } from '../../change/column-change.ts';

/**
 * `char(length)` to `text` and back. The spaces that pad a `char` are not part of its value. A longer text, and one
 * that ends in a space, cannot be converted back.
 *
 * @param length number of characters
 */
export function charToText(length: number): Conversion {
  return {
    forward: (value) => `${value}::text`,
    backward: (value) =>
      `(case when char_length(${value}) <= ${length} and right(${value}, 1) <> ' ' then ${value} end)::character(${length})`,
  };
}
