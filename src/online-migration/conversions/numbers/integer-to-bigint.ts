import type { Conversion } from '../../change/column-change.ts';

/** `integer` to `bigint` and back. A number that does not fit into an integer cannot be converted back. */
export const integerToBigint: Conversion = {
  forward: (value) => `${value}::bigint`,
  backward: (value) => `case when ${value} between -2147483648 and 2147483647 then ${value}::integer end`,
};
