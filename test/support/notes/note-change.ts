import type { ChangedColumn } from '../../../src/online-migration/change/changed-column.ts';
import { changedColumnOf } from '../changed-column.ts';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';

/** The column change of the feature for tests: `note.priority` from integer to bigint. */
export const priorityChange: ColumnChange = {
  table: { schema: 'public', name: 'note' },
  key: 'id',
  columns: [
    {
      from: { name: 'priority', type: 'integer' },
      to: { name: 'priority_new', type: 'bigint' },
      conversion: integerToBigint,
    },
  ],
};

/** The changed column, for statements on it. */
export const priorityColumn: ChangedColumn = changedColumnOf(priorityChange);
