import type { Conversion } from '../change/column-change.ts';

/** `integer` to `bigint` and back; a number that an integer cannot hold has no way back. */
export const integerToBigint: Conversion = {
  forward: (value) => `${value}::bigint`,
  backward: (value) => `case when ${value} between -2147483648 and 2147483647 then ${value}::integer end`,
};
