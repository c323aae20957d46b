import type { Conversion } from '../../change/column-change.ts';
import { type Convert, onlyIf, reversed } from '../shared/expression.ts';

/** A condition on a text: it is not longer than this. */
const isShort = (value: string, length: number) => `char_length(${value}::text) <= ${length}`;
/** A `char` does not store spaces at the end of a value. */
const isUnpadded = (value: string) => `(right(${value}::text, 1) collate "C") <> ' '`;

const asText: Convert = (value) => `${value}::text`;
// The cast is outermost, so that PostgreSQL knows the length of the expression.
const asVarchar =
  (length: number): Convert =>
  (value) =>
    `(${onlyIf(isShort(value, length), `${value}::text`)})::varchar(${length})`;
const asChar =
  (length: number): Convert =>
  (value) =>
    `(${onlyIf(`${isShort(value, length)} and ${isUnpadded(value)}`, `${value}::text`)})::character(${length})`;
const asCitext =
  (type: string): Convert =>
  (value) =>
    `${value}::text::${type}`;

/**
 * `text` to `varchar(length)` and back. A longer text is a reject.
 * @param length greatest number of characters
 */
export function textToVarchar(length: number): Conversion {
  return { forward: asVarchar(length), backward: asText };
}

/**
 * `text` to `char(length)` and back. A longer text, and one that ends in a space, is a reject.
 * @param length number of characters
 */
export function textToChar(length: number): Conversion {
  return { forward: asChar(length), backward: asText };
}

/**
 * `varchar(old)` to `varchar(added)` and back. A text that is too long for the other type does not convert.
 *
 * @param old greatest number of characters before
 * @param added greatest number of characters afterwards
 */
export function varcharToVarchar(old: number, added: number): Conversion {
  return { forward: asVarchar(added), backward: asVarchar(old) };
}

/**
 * `varchar(old)` to `char(added)` and back. A text that is too long for the other type, and one that ends in a space,
 * does not convert.
 *
 * @param old greatest number of characters before
 * @param added number of characters afterwards
 */
export function varcharToChar(old: number, added: number): Conversion {
  return { forward: asChar(added), backward: asVarchar(old) };
}

/** `char(old)` to `varchar(added)` and back, without the spaces that pad a `char`. */
export function charToVarchar(old: number, added: number): Conversion {
  return reversed(varcharToChar(added, old));
}

/** `char(old)` to `char(added)` and back. A text that is too long for the other type does not convert. */
export function charToChar(old: number, added: number): Conversion {
  return { forward: asChar(added), backward: asChar(old) };
}

/**
 * `text` to `citext` and back. All texts convert.
 * @param type the name of `citext` with its schema: `public.citext`
 */
export function textToCitext(type: string): Conversion {
  return { forward: asCitext(type), backward: asText };
}

/**
 * `varchar(length)` to `citext` and back; a longer text cannot be converted back.
 *
 * @param length greatest number of characters
 * @param type the name of `citext` with its schema: `public.citext`
 */
export function varcharToCitext(length: number, type: string): Conversion {
  return { forward: asCitext(type), backward: asVarchar(length) };
}

/**
 * `char(length)` to `citext` and back. A longer text, and one that ends in a space, cannot be converted back.
 *
 * @param length number of characters
 * @param type the name of `citext` with its schema: `public.citext`
 */
export function charToCitext(length: number, type: string): Conversion {
  return { forward: asCitext(type), backward: asChar(length) };
}

/** `citext` to `text` and back. @param type the name of `citext` with its schema: `public.citext` */
export function citextToText(type: string): Conversion {
  return { forward: asText, backward: asCitext(type) };
}

/** `citext` to `varchar(length)` and back. A longer text is a reject. */
export function citextToVarchar(type: string, length: number): Conversion {
  return { forward: asVarchar(length), backward: asCitext(type) };
}

/** `citext` to `char(length)` and back. A longer text, and one that ends in a space, is a reject. */
export function citextToChar(type: string, length: number): Conversion {
  return { forward: asChar(length), backward: asCitext(type) };
}
