import { escapeLiteral } from 'pg';
import type { Conversion } from '../../change/column-change.ts';

/**
 * Text to an enum and back. A text that is not exactly one of the labels does not convert.
 *
 * @param type the enum's schema and name, as SQL writes them: `public.order_status`
 * @param labels all of them
 */
export function textToEnum(type: string, labels: readonly string[]): Conversion {
  const branches = labels.map(escapeLiteral).map((label) => `when ${label} then ${label}::${type}`);
  return {
    // Constants of the enum type: an unknown label is reported when expand begins, not when a row has it.
    forward: (value) => `case (${value}::text collate "C") ${branches.join(' ')} end`,
    backward: (value) => `${value}::text`,
  };
}
