import type { Obstacle } from './obstacle.ts';

/** The table, its columns and the declaration do not fit each other. */
export const OF_TABLE: readonly Obstacle[] = [
  [
    `alter table part alter size drop not null`,
    'NULLABLE_NOT_AS_DECLARED',
    /size may be null: declare `nullable: true`, or set it NOT NULL first/,
  ],
  [
    `select`,
    'NULLABLE_NOT_AS_DECLARED',
    /size is NOT NULL, and the declaration says `nullable`/,
    { nullable: true },
  ],
  [
    `alter table part alter size type smallint`,
    'COLUMN_TYPE_NOT_AS_DECLARED',
    /size is smallint, and the declaration says integer/,
  ],
  [`select`, 'KEY_COLUMN_NOT_FOUND', /public\.part has no column ident: correct `key`/, { key: 'ident' }],
  [`select`, 'KEY_NOT_UNIQUE', /Nothing says that name is unique and never null/, { key: 'name' }],
  [
    `alter table part drop constraint part_pkey`,
    'KEY_NOT_UNIQUE',
    /Nothing says that id is unique and never null/,
  ],
  [`create table child () inherits (part)`, 'TABLE_HAS_HEIRS', /Other tables inherit from public\.part/],
  [
    `create table base (size integer not null); drop table part; create table part (id bigint primary key) inherits (base)`,
    'COLUMN_INHERITED',
    /public\.part inherits size from another table/,
  ],
  [
    `alter table part drop size; alter table part add size integer generated always as (id + 1) stored not null`,
    'COLUMN_GENERATED',
    /size is generated from other columns, as \(id \+ 1\)\. Make it a plain column, .*, `alter table "public"\."part" alter column "size" drop expression`, and in the same transaction create a trigger/,
  ],
];
