import type { Obstacle } from './obstacle.ts';

const PARTITIONED = `drop table part; create table part (id bigint primary key, size integer not null) partition by list (id)`;
const FIRST = `create table first partition of part for values in (1)`;

/** A partitioned table with objects that belong to one partition alone. */
export const OF_PARTITIONS: readonly Obstacle[] = [
  [
    `drop table part; create table part (id bigint, size integer not null, primary key (id, size)) partition by range (size)`,
    'COLUMN_IN_PARTITION_KEY',
    /size is in the partition key/,
    { key: ['id', 'size'] },
  ],
  [
    `${PARTITIONED}; ${FIRST}; create index sizes on only part (size)`,
    'INDEX_NOT_CARRIED',
    /The index sizes cannot go over by itself: it is not valid, as a partition lacks it\. Drop it/,
  ],
  [
    `drop table part; create table whole (id bigint primary key, size integer not null) partition by hash (id);
     create table part partition of whole for values with (modulus 1, remainder 0)`,
    'TABLE_IS_PARTITION',
    /public\.\w+ is a partition: change the table that it is a partition of/,
  ],
  [
    `drop table part; create table part (id bigint, size integer not null) partition by hash (abs(size))`,
    'COLUMN_IN_PARTITION_KEY',
    /size is in the partition key/,
    { key: [] },
  ],
  [
    `drop table part; create table part (id bigint, size integer not null) partition by list (id);
     create table first partition of part for values in (1) partition by range (size)`,
    'COLUMN_IN_PARTITION_KEY',
    /size is in the partition key/,
    { key: [] },
  ],
  [
    `${PARTITIONED}; ${FIRST}; create index sizes on first (size)`,
    'PARTITION_DEPENDENT_OBJECT',
    /index sizes depends on size of the partition first and cannot go over/,
  ],
  [
    `${PARTITIONED}; ${FIRST}; alter table first add constraint positive check (size > 0)`,
    'PARTITION_DEPENDENT_OBJECT',
    /constraint positive on table first depends on size of the partition first/,
  ],
  [
    `${PARTITIONED}; ${FIRST}; create view big as select id from first where size > 9`,
    'PARTITION_DEPENDENT_OBJECT',
    /(?<!rule _RETURN on )view big depends on size of the partition first/,
  ],
  [
    `${PARTITIONED}; ${FIRST}; create table whole (id integer primary key); alter table first add foreign key (size) references whole`,
    'PARTITION_DEPENDENT_OBJECT',
    /constraint first_size_fkey on table first depends on size of the partition first/,
  ],
  [
    `${PARTITIONED}; ${FIRST}; alter table first alter size set default 3`,
    'PARTITION_DIFFERS',
    /size has a default of its own in the partition first: make the partition as its table is/,
  ],
  [
    `${PARTITIONED}; alter table part alter size drop not null; ${FIRST}; alter table first alter size set not null`,
    'PARTITION_DIFFERS',
    /size has a NOT NULL of its own in the partition first/,
    { nullable: true },
  ],
];
