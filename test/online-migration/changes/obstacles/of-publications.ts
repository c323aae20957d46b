import type { Obstacle } from './obstacle.ts';

const PARTITIONED = `drop table part; create table part (id bigint not null, size integer not null, unique (id)) partition by list (id);
   create table first partition of part for values in (1)`;

/** Logical replication of the table. */
export const OF_PUBLICATIONS: readonly Obstacle[] = [
  [
    `create publication sizes for table part`,
    'PUBLICATION_NOT_REVIEWED',
    /The publication sizes publishes part: .*`alter table "public"\."part" add column "size_new" bigint` before expand, `alter table "public"\."part" alter column "size" drop not null` before contract.* docs\/adapting\.md.* no logical slot now.* add 'publication sizes' to `reviewed`/,
  ],
  [
    `create publication sizes for all tables`,
    'PUBLICATION_NOT_REVIEWED',
    /The publication sizes publishes part/,
  ],
  [
    `${PARTITIONED}; create publication sizes for table first with (publish = 'insert')`,
    'PUBLICATION_NOT_REVIEWED',
    /The publication sizes publishes first/,
    { key: 'id' },
  ],
  [
    `${PARTITIONED}; create publication sizes for table part with (publish_via_partition_root)`,
    'REPLICA_IDENTITY_MISSING',
    /Updates of public\.first are published by sizes, .* `alter table public\.first replica identity full`/,
    { key: 'id' },
  ],
  [
    `alter table part replica identity nothing; create publication sizes for table part`,
    'REPLICA_IDENTITY_MISSING',
    /Updates of public\.part are published by sizes, and it has no replica identity/,
    { reviewed: ['publication sizes'] },
  ],
];
