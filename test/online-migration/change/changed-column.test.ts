import { expect, it } from '@jest/globals';
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
