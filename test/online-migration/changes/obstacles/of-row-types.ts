import type { Obstacle } from './obstacle.ts';

/** Whole rows of the table that are stored somewhere else. */
export const OF_ROW_TYPES: readonly Obstacle[] = [
  [
    `create table history (at timestamptz, was part)`,
    'ROWS_STORED_ELSEWHERE',
    /The column was of history is of the type part, the table's rows: dropping "size" would take its value from the rows/,
  ],
  [
    `create table history (were part[])`,
    'ROWS_STORED_ELSEWHERE',
    /The column were of history is of the type part\[\]/,
  ],
  [
    `create type pair as (one part, other part)`,
    'ROWS_STORED_ELSEWHERE',
    /The column one of pair is of the type part/,
  ],
  [
    `create domain sized as part check ((value).id > 0)`,
    'ROWS_STORED_ELSEWHERE',
    /The domain sized is of the type part/,
  ],
  [
    `create materialized view whole as select p as was from part p`,
    'ROWS_STORED_ELSEWHERE',
    /The column was of whole is of the type part/,
  ],
  [
    `drop table part; create type kind as (id bigint, size integer);
     create table part of kind (id primary key, size not null)`,
    'TYPED_TABLE',
    /part is a typed table and has the columns of kind alone: `alter table part not of`/,
  ],
];
