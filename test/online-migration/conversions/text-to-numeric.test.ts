import { expect, it } from '@jest/globals';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';

it.each([
  [12, 13],
  [0, 0],
  [256, 2],
  [12, -1],
  [12.5, 2],
  [Number.NaN, 2],
])('refuses numeric(%p, %p)', (precision, scale) => {
  expect(() => textToNumeric(precision, scale)).toThrow(
    expect.objectContaining({
      code: 'PRECISION_OUT_OF_RANGE',
      message: `textToNumeric(${precision}, ${scale}): give whole numbers with 1 ≤ precision ≤ 255 and 0 ≤ scale ≤ precision.`,
    }),
  );
});

it.each([
  [255, 0],
  [255, 255],
  [1, 1],
])('takes numeric(%p, %p)', (precision, scale) => {
  expect(textToNumeric(precision, scale).forward('value')).toContain(`numeric(${precision}, ${scale})`);
});
