import { expect, it } from '@jest/globals';
import type { ColumnPair } from '../../../src/online-migration/change/column-change.ts';
import { eventChange } from '../../support/event-change.ts';
import { changedColumnOf } from '../../../src/online-migration/change/changed-column.ts';

it.each([0, 2])('a declaration of %d columns is refused', (count) => {
  const columns = Array.from({ length: count }, () => eventChange.columns[0]!);
  expect(() => changedColumnOf({ ...eventChange, columns })).toThrow(
    expect.objectContaining({
      code: 'COLUMN_COUNT',
      message: expect.stringContaining(`declares ${count} columns: declare exactly one`),
      details: { table: 'public.event', columns: count },
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
])('a declaration with %s is refused', (_, declared, message) => {
  expect(() => changedColumnOf(declared as typeof eventChange)).toThrow(
    expect.objectContaining({ code: 'DECLARATION_INVALID', message: expect.stringContaining(message) }),
  );
});
