import { type ConversionPair, type ConversionName, N, pair, type PairValue } from './conversion-pair.ts';
import type { Family, FamilyType } from './type-family.ts';

/** Whole digits that any value of the family has room for. */
const DIGITS: Partial<Readonly<Record<Family, number>>> = {
  smallint: 4,
  integer: 9,
  bigint: 18,
  real: 6,
  double: 15,
  money: 15,
};
/** More digits than a test's numbers have. */
const MOST_DIGITS = 9;

/** The same whole number in both types. */
function wholeNumbers(from: FamilyType, to: FamilyType): PairValue | string {
  const digits = Math.min(...[from, to].map(wholeDigits), MOST_DIGITS);
  if (digits === 0)
    return `A number of ${[from, to].find((type) => wholeDigits(type) === 0)!.text} has no digit before the point`;
  const number = `(${N} % 1${'0'.repeat(digits)})`;
  return { old: `${number}::${castTo(from)}`, new: `${number}::${castTo(to)}` };
}

/** PostgreSQL casts no `bigint` to `real` or `money` that is not a number first. */
function castTo({ text, modifiers }: FamilyType): string {
  return modifiers.length > 0 ? text.replace(',', ', ') : text === 'money' ? 'numeric::money' : text;
}

function wholeDigits({ family, modifiers: [precision, scale = 0] }: FamilyType): number {
  return DIGITS[family] ?? (precision === undefined ? MOST_DIGITS : precision - scale);
}

const ofNew = (_from: FamilyType, to: FamilyType) => to.modifiers;
const ofOld = (from: FamilyType) => from.modifiers;
const whole = (from: Family, to: Family, name: ConversionName, args?: typeof ofNew) =>
  pair(from, to, name, wholeNumbers, args);

/** Pairs of numbers. */
export const NUMBER_PAIRS: readonly ConversionPair[] = [
  whole('smallint', 'integer', 'smallintToInteger'),
  whole('smallint', 'bigint', 'smallintToBigint'),
  whole('integer', 'bigint', 'integerToBigint'),
  whole('integer', 'smallint', 'integerToSmallint'),
  whole('bigint', 'smallint', 'bigintToSmallint'),
  whole('bigint', 'integer', 'bigintToInteger'),
  whole('smallint', 'numeric', 'smallintToNumeric', ofNew),
  whole('integer', 'numeric', 'integerToNumeric', ofNew),
  whole('bigint', 'numeric', 'bigintToNumeric', ofNew),
  whole('numeric', 'smallint', 'numericToSmallint', ofOld),
  whole('numeric', 'integer', 'numericToInteger', ofOld),
  whole('numeric', 'bigint', 'numericToBigint', ofOld),
  whole('real', 'numeric', 'realToNumeric', ofNew),
  whole('double', 'numeric', 'doubleToNumeric', ofNew),
  whole('money', 'numeric', 'moneyToNumeric', ofNew),
];
