import { escapeLiteral } from 'pg';
import type { Conversion } from '../../change/column-change.ts';
import { type Convert, ifItLeadsBack, isSameText, onlyIf, reversedToText } from '../shared/expression.ts';
import { ifInputIsValid, isShallowJson, JSON_STRING, textToJsonb } from './text-to-jsonb.ts';

const literal = (pattern: string) => escapeLiteral(pattern);
const ESCAPED_BACKSLASHES = literal(String.raw`\\\\`);
const SURROGATE_PAIRS = literal(String.raw`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`);
/** The character 0, and half a pair. */
const REFUSED_ESCAPES = literal(String.raw`\\u(?:0000|[dD][89a-fA-F])`);
/** Characters that a server encoding other than UTF8 may lack. */
const FOREIGN_ESCAPES = literal(String.raw`\\u(?!00[0-7])`);
/** Numbers that may exceed `numeric`, which has 131072 digits before the point and 16383 after it. */
const LONG_NUMBERS = `'[0-9]{255}|[eE][+-]?[0-9]{5}'`;

/** A condition on a text that is JSON: its numbers are not longer than `jsonb` can hold. */
function hasShortNumbers(text: string): string {
  const withoutStrings = `regexp_replace(${text}, ${JSON_STRING}, '', 'g')`;
  return `(${text} !~ ${LONG_NUMBERS} or ${withoutStrings} !~ ${LONG_NUMBERS})`;
}

/**
 * A condition on a text that is JSON: `jsonb` can hold it. The cheapest checks come first.
 * @see https://www.postgresql.org/docs/current/datatype-json.html
 */
function isJsonb(text: string): string {
  const withoutBackslashes = `regexp_replace(${text}, ${ESCAPED_BACKSLASHES}, '', 'g')`;
  const withoutPairs = `regexp_replace(${withoutBackslashes}, ${SURROGATE_PAIRS}, '', 'g')`;
  return `(strpos(${text}, ${literal(String.raw`\u`)}) = 0 or ${withoutPairs} !~ ${REFUSED_ESCAPES}
        and (getdatabaseencoding() = 'UTF8' or ${withoutPairs} !~ ${FOREIGN_ESCAPES}))
      and ${hasShortNumbers(text)} and ${isShallowJson(text)}`;
}

const jsonOfJsonb: Convert = (value) =>
  `(${onlyIf(isShallowJson(`${value}::text`), `${value}::text`)})::json`;
// The cast is outermost, as in ifInputIsValid.
const jsonbOfJson: Convert = (value) => `(${onlyIf(isJsonb(`${value}::text`), `${value}::text`)})::jsonb`;

/**
 * `json` to `jsonb` and back. Spaces, the order of keys and duplicate keys are lost, so contract keeps a value that
 * differs in them. A value that is nested too deeply, contains the character `\u0000` or half a surrogate pair, or has a
 * number of 255 digits or with an exponent of five is a reject.
 */
export const jsonToJsonb: Conversion = {
  forward: jsonbOfJson,
  backward: (value) => onlyIf(hasShortNumbers(`${value}::text`), jsonOfJsonb(value)),
};

/**
 * `jsonb` to `json` and back. Only a value in the form that `jsonb` writes can be converted back. So until contract,
 * the application must write `{"a": 1}`, and not `{"a":1}`. A value that is nested too deeply is a reject.
 */
export const jsonbToJson: Conversion = {
  forward: jsonOfJsonb,
  backward: ifItLeadsBack(jsonbOfJson, jsonOfJsonb, isSameText),
};

/**
 * `jsonb` to text and back, in the form that `jsonb` writes. Any other text cannot be converted back. It needs PostgreSQL
 * 16.
 */
export const jsonbToText: Conversion = reversedToText(textToJsonb);

const textOfShallowJson: Convert = (value) => onlyIf(isShallowJson(`${value}::text`), `${value}::text`);
const jsonOfText: Convert = (value) =>
  onlyIf(isShallowJson(`${value}::text`), ifInputIsValid(`${value}::text`, 'json'));

/**
 * Text to `json` and back. It keeps the text as it is. A text that is not JSON or is nested too deeply is a reject. It
 * needs PostgreSQL 16: earlier versions cannot check JSON without raising an error.
 */
export const textToJson: Conversion = {
  forward: jsonOfText,
  backward: textOfShallowJson,
  serverVersion: 16,
};

/**
 * `json` to text and back. A text that is not JSON or is nested too deeply cannot be converted back. It needs PostgreSQL
 * 16.
 */
export const jsonToText: Conversion = {
  forward: (value) => `${value}::text`,
  backward: jsonOfText,
  serverVersion: 16,
};
