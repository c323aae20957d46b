import { expect, it } from '@jest/globals';
import { createdAtChange } from '../../../src/large-record/created-at-change.ts';
import { changedColumnOf } from '../../../src/online-migration/change/changed-column.ts';

it.each([0, 2])('a declaration of %d columns is refused', (count) => {
  const columns = Array.from({ length: count }, () => createdAtChange.columns[0]!);
  expect(() => changedColumnOf({ ...createdAtChange, columns })).toThrow(
    expect.objectContaining({
      code: 'COLUMN_COUNT',
      message: expect.stringContaining(`declares ${count} columns: declare exactly one`),
      details: { table: 'public.large_record', columns: count },
    }),
  );
});
