import { escapeLiteral } from 'pg';
import type { Conversion } from '../change/column-change.ts';

/**
 * How many brackets of a text may be open at once. PostgreSQL 16 to 18 read about 16,300 with `max_stack_depth` at its
 * default of 2 MB, 128 bytes each, and raise an error beyond. The rest is for the triggers and functions that call the conversion.
 */
const GREATEST_DEPTH = 1_000;

const STRINGS = escapeLiteral(String.raw`"(?:[^"\\]|\\.)*"`);
/** Nothing but pairs of brackets, within each other down to the greatest depth. */
const PAIRS = `'^' || repeat('(?:[[]', ${GREATEST_DEPTH}) || repeat('[]])*', ${GREATEST_DEPTH}) || '$'`;

/**
 * Text to `jsonb` and back. Spaces, the order of keys and keys that stand twice are lost on the way; contract keeps such a
 * text for the way back. A text that is nested too deeply is a reject: the server cannot even check it.
 * From PostgreSQL 16 on: earlier versions cannot check JSON without raising an error.
 */
export const textToJsonb: Conversion = {
  forward: (value) => `
    case when ${isShallow(`${value}::text`)} then
      case when pg_input_is_valid(${value}::text, 'jsonb') then ${value}::text::jsonb end
    end`,
  backward: (value) => `${value}::text`,
  serverVersion: 16,
};

/**
 * A condition on a text: if it is JSON, it is not nested too deeply. Without a subquery, so that the planner can write the
 * conversion into the query that calls it. The cheapest check comes first: its length, its opening brackets, their pairs.
 */
function isShallow(text: string): string {
  const brackets = `regexp_replace(regexp_replace(${text}, ${STRINGS}, '', 'g'), '[^][{}]+', '', 'g')`;
  return `(
      octet_length(${text}) <= ${GREATEST_DEPTH}
      or octet_length(${text}) - octet_length(translate(${text}, '[{', '')) <= ${GREATEST_DEPTH}
      or translate(${brackets}, '{}', '[]') ~ (${PAIRS})
    )`;
}
