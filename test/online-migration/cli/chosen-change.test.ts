import { describe, expect, it } from '@jest/globals';
import { chosenChange } from '../../../src/online-migration/cli/project/chosen-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/integer-to-bigint.ts';
import { changeOf } from '../../support/change-of.ts';

const ordersOf = (schema: string, name?: string) =>
  changeOf('orders.total', {
    ...(name === undefined ? {} : { name }),
    schema,
    from: 'integer',
    to: 'bigint',
    conversion: integerToBigint,
  });

const first = ordersOf('public');
const second = ordersOf('public', 'public.orders.total 2');
const elsewhere = ordersOf('shop');

describe('the change that is named', () => {
  it.each([
    ['public.orders.total', [first, second, elsewhere], first],
    ['public.orders.total 2', [first, second, elsewhere], second],
    ['shop.orders.total', [first, second, elsewhere], elsewhere],
    ['orders.total', [first], first],
    ['orders.total', [second], second],
    ['public.orders.total', [second, elsewhere], second],
    [undefined, [second], second],
  ])('%s is found', (name, changes, expected) => {
    expect(chosenChange(name, changes)).toEqual(expected);
  });

  it.each([
    [
      'orders.total',
      [first, second, elsewhere],
      'CHANGE_AMBIGUOUS',
      `Several changes match orders.total. Name one: public.orders.total, 'public.orders.total 2', shop.orders.total.`,
    ],
    [
      'public.orders.total',
      [second, ordersOf('public', `it's 3`), elsewhere],
      'CHANGE_AMBIGUOUS',
      `Several changes match public.orders.total. Name one: 'public.orders.total 2', 'it'\\''s 3'.`,
    ],
    [
      'public.orders.total',
      [first, first],
      'CHANGE_NAME_TWICE',
      'The configuration lists 2 changes of the name public.orders.total: give all but one a `name` of its own.',
    ],
    [
      'orders.sum',
      [first, second],
      'CHANGE_UNKNOWN',
      `There is no column change orders.sum. There is: public.orders.total, 'public.orders.total 2'.`,
    ],
    [
      '"orders"."total"',
      [first, second],
      'CHANGE_UNKNOWN',
      `There is no column change "orders"."total". Give names without SQL quotes. There is: public.orders.total, 'public.orders.total 2'.`,
    ],
    [
      undefined,
      [first, second],
      'CHANGE_NOT_CHOSEN',
      `There are several column changes. Name one: public.orders.total, 'public.orders.total 2'.`,
    ],
    [
      'orders.total',
      [],
      'NO_CHANGE_DECLARED',
      'The configuration lists no column change: add yours to `changes`.',
    ],
  ])('%s is refused where it says too little', (name, changes, code, message) => {
    expect(() => chosenChange(name, changes)).toThrow(expect.objectContaining({ code, message }));
  });
});
