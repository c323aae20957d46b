import type { ColumnChange, Conversion } from '../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToNumeric } from '../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { textToTimestamptz } from '../../src/online-migration/conversions/times/text-to-timestamptz.ts';

/** The name of the change of {@link readingChange}. */
export const READING_CHANGE = 'public.reading.at,Am"ount,weight';

/** The change of three columns of `reading`. */
export function readingChange({
  at = textToTimestamptz,
  weight = textToNumeric(12, 2),
  ...options
}: { readonly at?: Conversion; readonly weight?: Conversion } & Pick<
  ColumnChange,
  'firesInBackfill'
> = {}): ColumnChange {
  return {
    ...options,
    table: { schema: 'public', name: 'reading' },
    key: ['site', 'No'],
    columns: [
      {
        from: { name: 'at', type: 'varchar(50)' },
        to: { name: 'at_new', type: 'timestamptz' },
        conversion: at,
      },
      {
        from: { name: 'Am"ount', type: 'integer' },
        to: { name: 'Amount_new', type: 'bigint' },
        conversion: integerToBigint,
        nullable: true,
      },
      {
        from: { name: 'weight', type: 'text' },
        to: { name: 'weight_new', type: 'numeric(12,2)' },
        conversion: weight,
        nullable: true,
      },
    ],
  };
}

/** A conversion that raises an error for a text that is no number. */
export const raisingNumeric: Conversion = {
  forward: (value) => `${value}::numeric(12,2)`,
  backward: (value) => `${value}::text`,
};
