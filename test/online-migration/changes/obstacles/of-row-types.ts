import type { Obstacle } from './obstacle.ts';

/** Whole rows of the table that are stored somewhere else. */
export const OF_ROW_TYPES: readonly Obstacle[] = [
  [
    `create table history (at timestamptz, was part)`,
    /The column was of history is of the type part, the table's rows: dropping "size" would take its value from the rows/,
  ],
  [`create table history (were part[])`, /The column were of history is of the type part\[\]/],
  [`create type pair as (one part, other part)`, /The column one of pair is of the type part/],
  [`create domain sized as part check ((value).id > 0)`, /The domain sized is of the type part/],
  [
    `create materialized view whole as select p as was from part p`,
    /The column was of whole is of the type part/,
  ],
  [
    `drop table part; create type kind as (id bigint, size integer);
     create table part of kind (id primary key, size not null)`,
    /part is a typed table and has the columns of kind alone: `alter table part not of`/,
  ],
];
