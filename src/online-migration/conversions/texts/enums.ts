import { escapeLiteral } from 'pg';
import type { Conversion } from '../../change/column-change.ts';
import type { Convert } from '../shared/expression.ts';
import { textToEnum } from './text-to-enum.ts';
import { reversedToText } from '../shared/expression.ts';

/** An enum type, for a conversion. */
export interface EnumType {
  /** Its schema and name, as SQL writes them: `public.order_status`. */
  readonly type: string;
  /** All of its labels. */
  readonly labels: readonly string[];
}

/**
 * An enum to text and back. A text that is not exactly one of the labels cannot be converted back.
 *
 * @param type the enum's schema and name, as SQL writes them: `public.order_status`
 * @param labels all of them
 */
export function enumToText(type: string, labels: readonly string[]): Conversion {
  return reversedToText(textToEnum(type, labels));
}

/** An enum to another one and back, by the label. A label that the other type does not have does not convert. */
export function enumToEnum(old: EnumType, added: EnumType): Conversion {
  const shared = old.labels.filter((label) => added.labels.includes(label));
  return { forward: byLabel(shared, added.type), backward: byLabel(shared, old.type) };
}

/** An enum's value to the value of another enum with the same label; null if that is not among the labels. */
function byLabel(labels: readonly string[], type: string): Convert {
  const branches = labels.map(escapeLiteral).map((label) => `when ${label} then ${label}::${type}`);
  // A CASE needs a branch.
  if (branches.length === 0) return () => `null::${type}`;
  return (value) => `case (${value}::text collate "C") ${branches.join(' ')} end`;
}
