import type { Conversion } from '../../change/column-change.ts';
import { onlyIf, reversed } from '../shared/expression.ts';

/** Strict, because otherwise the filter would look into arrays, too. */
const OTHER_ELEMENT = `strict $[*] ? (@.type() != "string" && @.type() != "null")`;

/**
 * `text[]` to `jsonb` and back: an array of strings and nulls. An array of more than one dimension is a reject. Contract
 * keeps one that does not begin at 1. Any other JSON cannot be converted back.
 */
export const textArrayToJsonb: Conversion = {
  forward: (value) => onlyIf(`coalesce(array_ndims(${value}), 1) = 1`, `to_jsonb(${value})`),
  backward: (value) =>
    onlyIf(
      `jsonb_typeof(${value}) = 'array'`,
      onlyIf(
        `not jsonb_path_exists(${value}, '${OTHER_ELEMENT}')`,
        `array(select element.text from jsonb_array_elements_text(${value}) with ordinality as element (text, place) order by element.place)`,
      ),
    ),
};

/** `jsonb` to `text[]` and back: only an array of strings and nulls converts. */
export const jsonbToTextArray: Conversion = reversed(textArrayToJsonb);
