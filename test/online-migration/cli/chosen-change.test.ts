import { describe, expect, it } from '@jest/globals';
import { chosenChange } from '../../../src/online-migration/cli/project/chosen-change.ts';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { timestampToTimestamptz } from '../../../src/online-migration/conversions/index.ts';
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
const times: ColumnChange = {
  table: { schema: 'public', name: 'orders' },
  key: 'id',
  columns: ['created_at', 'updated_at'].map((name) => ({
    from: { name, type: 'timestamp' },
    to: { name: `${name}_new`, type: 'timestamptz' },
    conversion: timestampToTimestamptz('UTC'),
  })),
};

const choiceOf = (changes: readonly ColumnChange[]) => ({
  changes,
  file: 'online-migration.config.ts',
  command: 'status [change] --watch',
});

describe('the change that is named', () => {
  it.each([
    ['public.orders.total', [first, second, elsewhere], first],
    ['public.orders.total 2', [first, second, elsewhere], second],
    ['shop.orders.total', [first, second, elsewhere], elsewhere],
    ['orders.total', [first], first],
    ['orders.total', [second], second],
    ['public.orders.total', [second, elsewhere], second],
    [undefined, [second], second],
    ['public.orders.created_at,updated_at', [first, times], times],
    ['orders.created_at,updated_at', [first, times], times],
    ['orders.created_at', [first, times], times],
    ['public.orders.updated_at', [first, times], times],
  ])('%s is found', (name, changes, expected) => {
    expect(chosenChange(name, choiceOf(changes))).toEqual(expected);
  });

  it.each([
    [
      'orders.total',
      [first, second, elsewhere],
      'CHANGE_AMBIGUOUS',
      `Several changes match orders.total: public.orders.total, 'public.orders.total 2', shop.orders.total. ` +
        `Name one after the command: \`npx online-migration status public.orders.total --watch\`.`,
    ],
    [
      'public.orders.total',
      [second, ordersOf('public', `it's 3`), elsewhere],
      'CHANGE_AMBIGUOUS',
      `Several changes match public.orders.total: 'public.orders.total 2', 'it'\\''s 3'. ` +
        `Name one after the command: \`npx online-migration status 'public.orders.total 2' --watch\`.`,
    ],
    [
      'orders.updated_at',
      [times, { ...times, name: 'times', columns: times.columns.slice(1) }],
      'CHANGE_AMBIGUOUS',
      'Several changes match orders.updated_at: public.orders.created_at,updated_at, times. ' +
        'Name one after the command: `npx online-migration status public.orders.created_at,updated_at --watch`.',
    ],
    [
      'public.orders.total',
      [first, first],
      'CHANGE_NAME_TWICE',
      'online-migration.config.ts lists 2 changes of the name public.orders.total: give all but one a `name` of its own.',
    ],
    [
      'orders.sum',
      [first, second],
      'CHANGE_UNKNOWN',
      `There is no column change orders.sum. online-migration.config.ts lists: public.orders.total, 'public.orders.total 2'. ` +
        `Name one after the command: \`npx online-migration status public.orders.total --watch\`.`,
    ],
    [
      '"orders"."total"',
      [first, second],
      'CHANGE_UNKNOWN',
      `There is no column change "orders"."total". Give names without SQL quotes. online-migration.config.ts lists: ` +
        `public.orders.total, 'public.orders.total 2'. ` +
        `Name one after the command: \`npx online-migration status public.orders.total --watch\`.`,
    ],
    [
      undefined,
      [first, second],
      'CHANGE_NOT_CHOSEN',
      `There are several column changes: public.orders.total, 'public.orders.total 2'. ` +
        `Name one after the command: \`npx online-migration status public.orders.total --watch\`.`,
    ],
    [
      'orders.total',
      [],
      'NO_CHANGE_DECLARED',
      'online-migration.config.ts lists no column change. Write one with `npx online-migration new`, then add it to ' +
        '`changes` of this file.',
    ],
  ])('%s is refused where it says too little', (name, changes, code, message) => {
    expect(() => chosenChange(name, choiceOf(changes))).toThrow(expect.objectContaining({ code, message }));
  });
});
