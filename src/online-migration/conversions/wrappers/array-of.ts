import type { Conversion } from '../../change/column-change.ts';
import { backwardOf, type Convert, onlyIf } from '../shared/expression.ts';

const ELEMENT = 'element.value';

const elementsOf = (value: string) => `unnest(${value}) with ordinality as element (value, place)`;
const isPlain = (value: string) => `${value} is not null and coalesce(array_ndims(${value}), 1) = 1`;
const beginsAt1 = (value: string) => `coalesce(array_lower(${value}, 1), 1) = 1`;

/**
 * Arrays, element by element: `arrayOf(integerToBigint)` converts `integer[]` to `bigint[]` and back. A null element
 * remains null. An array with an element that does not convert is a reject, and so is one of more than one dimension.
 * Contract keeps an array that does not begin at 1.
 *
 * @param conversion of an element
 */
export function arrayOf(conversion: Conversion): Conversion {
  const { serverVersion } = conversion;
  return {
    forward: eachElement(conversion.forward, isPlain),
    ...(conversion.forwardInBulk === undefined
      ? {}
      : { forwardInBulk: eachElement(conversion.forwardInBulk, isPlain) }),
    backward:
      conversion.backward === 'not reversible'
        ? 'not reversible'
        : eachElement(backwardOf(conversion), (value) => `${isPlain(value)} and ${beginsAt1(value)}`),
    ...(serverVersion === undefined ? {} : { serverVersion }),
  };
}

function eachElement(convert: Convert, condition: (value: string) => string): Convert {
  return (value) =>
    onlyIf(
      condition(value),
      onlyIf(
        `not exists (select from ${elementsOf(value)} where ${ELEMENT} is not null and (${convert(ELEMENT)}) is null)`,
        `array(select ${convert(ELEMENT)} from ${elementsOf(value)} order by element.place)`,
      ),
    );
}
