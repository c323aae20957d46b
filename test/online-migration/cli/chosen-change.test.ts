import { describe, expect, it } from '@jest/globals';
import { chosenChange } from '../../../src/commands/chosen-change.ts';
import { changedColumnOf } from '../../../src/online-migration/change/changed-column.ts';
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

describe('the change that --change names', () => {
  it.each([
    ['public.orders.total', [first, second, elsewhere], first],
    ['public.orders.total 2', [first, second, elsewhere], second],
    ['shop.orders.total', [first, second, elsewhere], elsewhere],
    ['orders.total', [first], first],
    ['orders.total', [second], second],
    ['public.orders.total', [second, elsewhere], second],
    [undefined, [second], second],
  ])('%s is found', (name, changes, expected) => {
    expect(chosenChange(name, changes)).toEqual(changedColumnOf(expected));
  });

  it.each([
    [
      'orders.total',
      [first, second, elsewhere],
      `orders.total could be several. Say which one: --change public.orders.total, --change 'public.orders.total 2', --change shop.orders.total.`,
    ],
    [
      'public.orders.total',
      [second, ordersOf('public', `it's 3`), elsewhere],
      `public.orders.total could be several. Say which one: --change 'public.orders.total 2', --change 'it'\\''s 3'.`,
    ],
    [
      'public.orders.total',
      [first, first],
      'src/column-changes.ts lists 2 changes of the name public.orders.total: give each but one a `name` of its own.',
    ],
    [
      'orders.sum',
      [first, second],
      `There is no column change orders.sum. There is: --change public.orders.total, --change 'public.orders.total 2'.`,
    ],
    [
      undefined,
      [first, second],
      `There are several column changes. Say which one: --change public.orders.total, --change 'public.orders.total 2'.`,
    ],
    ['orders.total', [], 'src/column-changes.ts lists no column change: add yours to it.'],
  ])('%s is refused where it says too little', (name, changes, message) => {
    expect(() => chosenChange(name, changes)).toThrow(new Error(message));
  });
});
