import { expect, it } from '@jest/globals';
import { changedColumnsOf } from '../../../src/online-migration/change/changed-column.ts';
import type { ColumnPair } from '../../../src/online-migration/change/column-change.ts';
import { eventChange } from '../../support/event-change.ts';

it('a declaration without a column is refused', () => {
  expect(() => changedColumnsOf({ ...eventChange, columns: [] })).toThrow(
    expect.objectContaining({
      code: 'COLUMN_COUNT',
      message: 'The change of public.event declares no column: declare at least one in `columns`.',
      details: { table: 'public.event', columns: 0 },
    }),
  );
});

const [pair] = eventChange.columns as [ColumnPair];

it.each<[string, object, string]>([
  ['nothing', {}, 'the change needs `table`: an object such as { schema: "public", name: "orders" }.'],
  [
    'a table that is a text',
    { ...eventChange, table: 'event' },
    'the change needs `table`: an object such as',
  ],
  [
    'a table without a schema',
    { ...eventChange, table: { name: 'event' } },
    '`table` needs `schema`: a text',
  ],
  [
    'no key',
    { ...eventChange, key: undefined },
    'the change needs `key`: the name of a column, or a list of names.',
  ],
  [
    'a misspelt property',
    { ...eventChange, fires: [] },
    'the change has an unknown property `fires`; it may have name, table,',
  ],
  [
    'a column without a type',
    { ...eventChange, columns: [{ ...pair, to: { name: 'at_new' } }] },
    '`columns[0].to` needs `type`',
  ],
  [
    'a text for a flag',
    { ...eventChange, columns: [{ ...pair, nullable: 'no' }] },
    '`columns[0]` needs `nullable`: true or false.',
  ],
  [
    'a conversion one way',
    { ...eventChange, columns: [{ ...pair, conversion: { forward: pair.conversion!.forward } }] },
    '`columns[0].conversion` needs `backward`: a function of an SQL expression, or "not reversible".',
  ],
  [
    'a column twice',
    { ...eventChange, columns: [pair, { ...pair, to: { ...pair.to, name: 'at_2' } }] },
    '`columns` names the column at twice.',
  ],
  [
    'a rename beside another column',
    {
      ...eventChange,
      columns: [pair, { from: { name: 'name', type: 'text' }, to: { name: 'title', type: 'text' } }],
    },
    '`columns[1]` has no `conversion`, and a rename is a change of its own: take it out of `columns`.',
  ],
  [
    'two conditions of one check',
    {
      ...eventChange,
      columns: [
        {
          ...pair,
          from: { ...pair.from, checks: { later: 'a' } },
          to: { ...pair.to, checks: { later: 'b' } },
        },
        {
          ...pair,
          from: { name: 'end', type: 'text', checks: { later: 'a' } },
          to: { name: 'end_new', type: 'text', checks: { later: 'c' } },
        },
      ],
    },
    '`columns[1].to` has another condition for the check later than an earlier column: declare the same one.',
  ],
])('a declaration with %s is refused', (_, declared, message) => {
  expect(() => changedColumnsOf(declared as typeof eventChange)).toThrow(
    expect.objectContaining({ code: 'DECLARATION_INVALID', message: expect.stringContaining(message) }),
  );
});
