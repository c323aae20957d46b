import type { ColumnChange } from 'online-migration';
import { textToNumeric } from 'online-migration/conversions';

export const totalChange: ColumnChange = {
  table: { schema: 'public', name: 'orders' },
  key: 'id',
  columns: [
    {
      from: { name: 'total', type: 'text' },
      to: { name: 'total_new', type: 'numeric(12,2)' },
      conversion: textToNumeric(12, 2),
    },
  ],
};
