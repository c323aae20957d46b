import type { ColumnChange } from 'online-migration';
import { textToTimestamptz } from 'online-migration/conversions';

/** The column change of `large_record.created_at`, from varchar(50) to timestamptz. */
export const largeRecordCreatedAtChange: ColumnChange = {
  table: { schema: 'public', name: 'large_record' },
  key: 'id',
  columns: [
    {
      from: { name: 'created_at', type: 'varchar(50)' },
      to: { name: 'created_at_new', type: 'timestamptz' },
      conversion: textToTimestamptz,
    },
  ],
};
