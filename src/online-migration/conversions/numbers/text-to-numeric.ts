import { DeclarationError } from '../../change/declaration-check.ts';
import type { Conversion } from '../../change/column-change.ts';
import { reversedToText } from '../shared/expression.ts';

/** Largest repetition count in PostgreSQL's regular expressions. */
const MAX_PRECISION = 255;

/**
 * Text to `numeric(precision, scale)` and back. Only plain decimals convert: an optional minus, digits, and a
 * fraction no longer than the scale. PostgreSQL's own cast also accepts spaces, `1e3` and `NaN`, and rounds.
 *
 * @param precision number of all digits
 * @param scale digits after the point
 * @throws DeclarationError if they are not whole numbers with 0 ≤ scale ≤ precision ≤ 255
 */
export function textToNumeric(precision: number, scale: number): Conversion {
  if (
    ![precision, scale].every(Number.isInteger) ||
    scale < 0 ||
    precision < Math.max(scale, 1) ||
    precision > MAX_PRECISION
  ) {
    throw new DeclarationError(
      'PRECISION_OUT_OF_RANGE',
      `textToNumeric(${precision}, ${scale}): give whole numbers with 1 ≤ precision ≤ ${MAX_PRECISION} and 0 ≤ scale ≤ precision.`,
      { precision, scale },
    );
  }
  const integerDigits = precision - scale;
  const whole = integerDigits > 0 ? `0*[0-9]{1,${integerDigits}}` : '0+';
  const fraction = scale > 0 ? `([.][0-9]{1,${scale}})?` : '';
  return {
    // The cast is outermost, so that PostgreSQL knows the precision of the expression.
    forward: (value) => `(
    case
      when (${value}::text collate "C") ~ '^-?${whole}${fraction}$'
      then ${value}::text::numeric
    end)::numeric(${precision}, ${scale})`,
    // NaN has no digits, and a value of a wider type may have too many.
    backward: (value) => `
    case
      when ${value} = round(${value}, ${scale}) and abs(${value}) < 1e${integerDigits}
      then ${value}::numeric(${precision}, ${scale})::text
    end`,
  };
}

/**
 * `numeric(precision, scale)` to text and back, with all digits of the scale: `1.50`. Any other text cannot be
 * converted back. `NaN` is a reject.
 *
 * @param precision number of all digits
 * @param scale digits after the point
 * @throws DeclarationError if they are not whole numbers with 0 ≤ scale ≤ precision ≤ 255
 */
export function numericToText(precision: number, scale: number): Conversion {
  return reversedToText(textToNumeric(precision, scale));
}
