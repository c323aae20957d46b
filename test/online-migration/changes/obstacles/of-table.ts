import type { Obstacle } from './obstacle.ts';

/** The table, its columns and the declaration do not fit each other. */
export const OF_TABLE: readonly Obstacle[] = [
  [
    `alter table part alter size drop not null`,
    /size may be null: declare `nullable: true`, or set it NOT NULL first/,
  ],
  [`select`, /size is NOT NULL, and the declaration says `nullable`/, { nullable: true }],
  [`alter table part alter size type smallint`, /size is smallint, and the declaration says integer/],
  [`select`, /It has no column ident: correct `key`/, { key: 'ident' }],
  [`select`, /Nothing says that name is unique and never null/, { key: 'name' }],
  [`alter table part drop constraint part_pkey`, /Nothing says that id is unique and never null/],
  [`create table child () inherits (part)`, /Other tables inherit from it/],
  [
    `create table base (size integer not null); drop table part; create table part (id bigint primary key) inherits (base)`,
    /It inherits size from another table/,
  ],
  [
    `alter table part drop size; alter table part add size integer generated always as (id + 1) stored not null`,
    /size is generated from other columns/,
  ],
];
