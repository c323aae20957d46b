import type { ColumnChange, Conversion } from '../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToNumeric } from '../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { textToTimestamptz } from '../../src/online-migration/conversions/times/text-to-timestamptz.ts';
import { MOMENT } from './event-table.ts';

/** The name of the change of {@link readingChange}. */
export const READING_CHANGE = 'public.reading.at,Am"ount,weight';

/** SQL of the columns of the table `reading`, of which three change. */
export const READING_COLUMNS = `
  site integer not null,
  "No" integer not null,
  at varchar(50) not null,
  "Am""ount" integer,
  weight text,
  primary key (site, "No")`;

/** Statements that create `reading` in one part, or in four. */
export const READING_TABLES = {
  'one table': [`create table reading (${READING_COLUMNS})`],
  'a partitioned table': [
    `create table reading (${READING_COLUMNS}) partition by list (site)`,
    `create table reading_1 partition of reading for values in (1)`,
    `create table "Odd ""Name" partition of reading for values in (2) partition by hash ("No")`,
    `create table reading_2a partition of "Odd ""Name" for values with (modulus 2, remainder 0)`,
    `create table reading_2b partition of "Odd ""Name" for values with (modulus 2, remainder 1)`,
    `create table reading_rest partition of reading default`,
  ],
} as const;

/**
 * A statement that fills `reading`: every fifth amount is null, every seventh weight. No weight is "n/a" yet.
 * @param rows how many, in four sites
 */
export function insertReadings(rows: number): string {
  return `
    insert into reading
    select n % 4, n, ${MOMENT}, nullif(n % 5, 0) * n, case when n % 7 > 0 then n || '.50' end
    from generate_series(1, ${rows}) as n`;
}

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
