import type { Conversion } from '../column-change.ts';

/**
 * Text to `numeric(precision, scale)` and back. Only plain decimals are numbers: digits, perhaps a minus before them and a
 * fraction behind them that is no longer than the scale. PostgreSQL's own cast also takes spaces, `1e3`, `NaN`, and rounds.
 *
 * @param precision digits in all
 * @param scale digits behind the point
 */
export function textToNumeric(precision: number, scale: number): Conversion {
  const integerDigits = precision - scale;
  const whole = integerDigits > 0 ? `0*[0-9]{1,${integerDigits}}` : '0+';
  const fraction = scale > 0 ? `([.][0-9]{1,${scale}})?` : '';
  return {
    forward: (value) => `
    case
      when (${value}::text collate "C") ~ '^-?${whole}${fraction}$'
      then ${value}::numeric(${precision}, ${scale})
    end`,
    // NaN has no digits, and a value of a wider type may have too many.
    backward: (value) => `
    case
      when ${value} = round(${value}, ${scale}) and abs(${value}) < 1e${integerDigits}
      then ${value}::numeric(${precision}, ${scale})::text
    end`,
  };
}
