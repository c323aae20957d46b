import { escapeLiteral } from 'pg';
import type { Conversion } from '../column-change.ts';

/**
 * Text to an enum and back; a text that is none of its labels, letter by letter, does not convert.
 *
 * @param type the enum's schema and name, as SQL writes them: `public.order_status`
 * @param labels all of them
 */
export function textToEnum(type: string, labels: readonly string[]): Conversion {
  const list = labels.map((label) => escapeLiteral(label)).join(', ');
  return {
    forward: (value) =>
      `case when (${value}::text collate "C") in (${list}) then ${value}::text::${type} end`,
    backward: (value) => `${value}::text`,
  };
}
