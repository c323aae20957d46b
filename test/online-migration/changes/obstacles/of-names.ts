import type { Obstacle } from './obstacle.ts';

const LONG = 'size_'.repeat(13);

/** Names that the change needs and that are taken, or too long. */
export const OF_NAMES: readonly Obstacle[] = [
  [`alter table part add size_new text`, 'NEW_COLUMN_EXISTS', /public\.part has a column size_new already/],
  [
    `create index sizes on part (size); create table sizes_mirror ()`,
    'NAME_TAKEN',
    /There is sizes_mirror already, and the change needs that name: rename the existing object/,
  ],
  [
    `create table whole (id integer primary key); alter table part add constraint whole foreign key (size) references whole;
     alter table part add constraint whole_mirror check (id > 0)`,
    'NAME_TAKEN',
    /There is the constraint whole_mirror of part already, and the change needs that name/,
  ],
  [
    `alter table part add constraint size_new_filled check (id > 0)`,
    'NAME_TAKEN',
    /There is the constraint size_new_filled of part already/,
  ],
  [
    `drop table part; create table part (id bigint primary key, size integer generated always as identity not null);
     create table part_size_seq_mirror ()`,
    'NAME_TAKEN',
    /There is part_size_seq_mirror already, and the change needs that name/,
  ],
  [
    `select`,
    'NAME_TOO_LONG',
    new RegExp(`${LONG} is longer than the 63 bytes that PostgreSQL takes: declare a shorter`),
    { newColumn: LONG },
  ],
  [
    `alter table part add ${LONG} integer not null default 0`,
    'NAME_TOO_LONG',
    new RegExp(`${LONG} is longer than the 63 bytes that PostgreSQL takes: declare \`from\\.name\``),
    { column: LONG, newColumn: 'size_new' },
  ],
  [
    `alter table part add ${LONG} integer not null unique`,
    'NAME_TOO_LONG',
    new RegExp(`${LONG} is longer than the 63 bytes that PostgreSQL takes: declare \`key\``),
    { key: LONG },
  ],
];
