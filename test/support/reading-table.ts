import { MOMENT } from './event-table.ts';

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
