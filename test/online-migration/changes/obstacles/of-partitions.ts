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
    `drop table part; create table part (id bigint, size integer not null, primary key (id, size)) partition by hash (id);
     create table item (id bigint, size integer, foreign key (id, size) references part)`,
    'FOREIGN_KEY_NOT_CARRIED',
    /The foreign key item_id_size_fkey of public\.item cannot go over by itself: it refers to a partitioned table\. Without it, nothing rejects a row that refers to a missing one\. If that is acceptable for the time of the change, drop it, `alter table public\.item drop constraint "item_id_size_fkey"`, and put it back when the change is done, `alter table public\.item add constraint "item_id_size_fkey" FOREIGN KEY \(id, size\) REFERENCES \S*part\(id, size\) not valid` and `alter table public\.item validate constraint "item_id_size_fkey"`\./,
    { key: ['id', 'size'] },
  ],
  [
    `drop table part; create table other (id integer primary key) partition by hash (id);
     create table part (id bigint, size integer not null references other) partition by hash (id)`,
    'FOREIGN_KEY_NOT_CARRIED',
    /The foreign key part_size_fkey of \S+ cannot go over by itself: both its tables are partitioned/,
    { key: [] },
  ],
  [
    `drop table part; create table other (id integer primary key);
     create table part (id bigint, size integer not null references other on delete set default) partition by hash (id)`,
    'FOREIGN_KEY_NOT_CARRIED',
    /The foreign key part_size_fkey of \S+ cannot go over by itself: it sets a default in a partitioned table/,
    { key: [] },
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
