import type { Conversion } from '../../change/column-change.ts';

/**
 * `varchar(length)` to `text` and back; a longer text cannot be converted back. If only the type is to change,
 * PostgreSQL does it in place and without a rewrite, with `alter table … alter column … type text`.
 *
 * @param length greatest number of characters
 */
export function varcharToText(length: number): Conversion {
  return {
    forward: (value) => `${value}::text`,
    backward: (value) =>
      `(case when char_length(${value}) <= ${length} then ${value} end)::varchar(${length})`,
  };
}
