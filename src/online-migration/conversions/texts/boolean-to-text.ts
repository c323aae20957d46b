import { escapeLiteral } from 'pg';
import type { Conversion } from '../../change/column-change.ts';

/**
 * `boolean` to text and back; any other text cannot be converted back.
 *
 * @param words for true and for false
 */
export function booleanToText(words: { readonly true: string; readonly false: string }): Conversion {
  const [yes, no] = [escapeLiteral(words.true), escapeLiteral(words.false)];
  return {
    forward: (value) => `case when ${value} then ${yes} when not ${value} then ${no} end`,
    backward: (value) => `case (${value} collate "C") when ${yes} then true when ${no} then false end`,
  };
}
