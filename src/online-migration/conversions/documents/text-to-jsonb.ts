import { escapeLiteral } from 'pg';
import type { Conversion } from '../../change/column-change.ts';

/**
 * Deepest nesting of brackets in a text. PostgreSQL 16 to 18 read about 16,300 levels with the default
 * `max_stack_depth` of 2 MB, 128 bytes each, and raise an error beyond. The rest is for the triggers and functions
 * that call the conversion.
 */
const GREATEST_DEPTH = 1_000;

/** A string of a JSON text, as a regular expression in SQL. */
export const JSON_STRING: string = escapeLiteral(String.raw`"(?:[^"\\]|\\.)*"`);
/** Only pairs of brackets, nested to the greatest depth. */
const PAIRS = `'^' || repeat('(?:[[]', ${GREATEST_DEPTH}) || repeat('[]])*', ${GREATEST_DEPTH}) || '$'`;

/**
 * Text to `jsonb` and back. Spaces, the order of keys and duplicate keys are lost, so contract keeps a text that differs
 * in them. A text that is nested too deeply is a reject, because the server cannot even check it. It needs PostgreSQL
 * 16: earlier versions cannot check JSON without raising an error.
 */
export const textToJsonb: Conversion = {
  forward: (value) => `
    case when ${isShallowJson(`${value}::text`)} then
      ${ifInputIsValid(`${value}::text`, 'jsonb')}
    end`,
  backward: (value) => `${value}::text`,
  serverVersion: 16,
};

/**
 * A text as a value of the type; null if it is not valid. The cast is outermost: PostgreSQL would compute the cast of a
 * constant in advance, and raise the error.
 */
export function ifInputIsValid(text: string, type: string): string {
  return `(case when pg_input_is_valid(${text}, '${type}') then ${text} end)::${type}`;
}

/**
 * A condition on a text: if it is JSON, it is not nested too deeply. It has no subquery, so that the planner can
 * inline the conversion. The cheapest check comes first: the length, the opening brackets, their pairs.
 */
export function isShallowJson(text: string): string {
  const brackets = `regexp_replace(regexp_replace(${text}, ${JSON_STRING}, '', 'g'), '[^][{}]+', '', 'g')`;
  return `(
      octet_length(${text}) <= ${GREATEST_DEPTH}
      or octet_length(${text}) - octet_length(translate(${text}, '[{', '')) <= ${GREATEST_DEPTH}
      or translate(${brackets}, '{}', '[]') ~ (${PAIRS})
    )`;
}
