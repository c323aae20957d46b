import type { SizeCase } from './case.ts';
import { RANGE } from './tables.ts';

/** Migrations of partitioned tables that run by safe steps. */
export const ACCEPTED_PARTITIONS: readonly SizeCase[] = (
  [
    {
      rule: 'createPartitionedIndex',
      name: 'an index of a partitioned table',
      statements: [`create index "events_note_index" on "events" ("note");`],
    },
    {
      rule: 'addPartitionedKey',
      name: 'a unique constraint of a partitioned table',
      statements: [`alter table "events" add constraint "events_id_kind_unique" unique ("id", "kind");`],
    },
    {
      rule: 'addPartitionedKey',
      name: 'a primary key of a partitioned table',
      statements: [`alter table events add primary key (id)`],
    },
    {
      rule: 'addForeignKey',
      name: 'a foreign key of a partitioned table',
      statements: [
        `alter table "events" add constraint "events_customer_id_foreign" foreign key ("customer_id") references "customers" ("id");`,
      ],
      since: 18,
    },
    {
      rule: 'addPartitionedForeignKey',
      name: 'a foreign key of a partitioned table',
      statements: [
        `alter table "events" add constraint "events_customer_id_foreign" foreign key ("customer_id") references "customers" ("id");`,
      ],
      until: 17,
    },
    {
      rule: 'setNotNull',
      name: 'a required property of a partitioned table',
      statements: [`alter table "events" alter column "customer_id" set not null;`],
    },
    {
      rule: 'addCheck',
      name: 'a check of a partitioned table',
      statements: [`alter table "events" add constraint "events_kind_check" check (kind >= 0);`],
    },
    {
      rule: 'addColumn',
      name: 'a property of a partitioned table',
      statements: [`alter table "events" add "extra" varchar(255) not null default 'x';`],
    },
    {
      rule: 'attachPartition',
      name: 'an attached partition, beside a default partition',
      statements: [
        `alter table visits attach partition visits_new for values from (${RANGE}) to (${2 * RANGE})`,
      ],
    },
    {
      rule: 'detachPartition',
      name: 'a detached partition',
      statements: [`alter table events detach partition events_3`],
    },
    {
      rule: 'detachPartition',
      name: 'a detached partition, beside a default partition',
      statements: [`alter table visits detach partition visits_old`],
    },
    {
      rule: 'createPartition',
      name: 'a new partition, beside a default partition',
      statements: [
        `create table visits_2 partition of visits for values from (${2 * RANGE}) to (${3 * RANGE})`,
      ],
    },
    {
      rule: 'catalogOnly',
      name: 'a new partition',
      statements: [
        `create table events_4 partition of events for values from (${4 * RANGE}) to (${4 * RANGE + 1000})`,
      ],
    },
    { rule: 'catalogOnly', name: 'a dropped partition', statements: [`drop table events_3`] },
    { rule: 'reindex', name: 'a partitioned table', statements: [`reindex table events`] },
  ] satisfies readonly Omit<SizeCase, 'theme'>[]
).map((each) => ({ ...each, theme: 'partitions' as const }));
