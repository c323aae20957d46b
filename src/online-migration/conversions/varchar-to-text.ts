import type { Conversion } from '../change/column-change.ts';

/**
 * `varchar(length)` to `text` and back; a longer text has no way back. PostgreSQL does this one in place and without a
 * rewrite, by `alter table … alter column … type text`, where nothing but the type is to change.
 *
 * @param length greatest number of characters
 */
export function varcharToText(length: number): Conversion {
  return {
    forward: (value) => `${value}::text`,
    backward: (value) => `case when char_length(${value}) <= ${length} then ${value}::varchar(${length}) end`,
  };
}
