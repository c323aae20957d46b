import { DeclarationError } from '../../change/declaration-check.ts';
import { onlyIf } from '../shared/expression.ts';

/** The greatest precision that PostgreSQL declares. */
const MAX_PRECISION = 1_000;

/** A declared `numeric`. Without a precision, it has any number of digits. */
export interface NumericType {
  /** Number of all digits. */
  readonly precision: number | undefined;
  /** Digits after the point. */
  readonly scale: number;
}

/**
 * @param name of the conversion, for the error
 * @throws DeclarationError if they are not whole numbers with 0 ≤ scale ≤ precision ≤ 1000
 */
export function numericType(name: string, precision: number | undefined, scale: number): NumericType {
  const greatest = precision ?? MAX_PRECISION;
  if (
    [greatest, scale].every(Number.isInteger) &&
    scale >= 0 &&
    greatest >= Math.max(scale, 1) &&
    greatest <= MAX_PRECISION
  ) {
    return { precision, scale };
  }
  throw new DeclarationError(
    'PRECISION_OUT_OF_RANGE',
    `${name}: precision ${precision} and scale ${scale} are no numeric type: give whole numbers with ` +
      `1 ≤ precision ≤ ${MAX_PRECISION} and 0 ≤ scale ≤ precision.`,
    { precision, scale },
  );
}

/** A `numeric` expression as a value of the type; null if it would be rounded or has too many digits. */
export function asNumeric(number: string, { precision, scale }: NumericType): string {
  if (precision === undefined) return number;
  const fits = `${number} = round(${number}, ${scale}) and abs(${number}) < 1e${precision - scale}`;
  // The cast is outermost, so that PostgreSQL knows the precision of the expression.
  return `(${onlyIf(fits, number)})::numeric(${precision}, ${scale})`;
}
