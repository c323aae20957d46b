import type { ColumnChange } from '../online-migration/change/column-change.ts';
import { textToTimestamptz } from '../online-migration/conversions/text-to-timestamptz.ts';

/** The column change of this application: `large_record.created_at` from text to a point in time. */
export const createdAtChange: ColumnChange = {
  table: { schema: 'public', name: 'large_record' },
  key: 'id',
  oldColumn: { name: 'created_at', type: 'varchar(50)' },
  newColumn: { name: 'created_at_new', type: 'timestamptz' },
  conversion: textToTimestamptz,
};
