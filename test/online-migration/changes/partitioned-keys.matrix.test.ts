import { describe, expect, it } from '@jest/globals';
import type { Emit } from '../../../src/online-migration/change/events.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expectFullCycle, PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { runInOtherProcess } from '../../support/run-in-other-process.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const change = changeOf('events.num', {
  key: ['num', 'n'],
  from: 'integer',
  to: 'bigint',
  conversion: integerToBigint,
});

/** Two levels of partitions, one of them in another schema, and rows in each. An update of `n` moves a row. */
const TABLE = [
  `create schema "Other ""schema"`,
  `create sequence events_id`,
  `create table events (
    num integer generated always as identity, id bigint not null default nextval('events_id'), n bigint not null, size integer,
    constraint "Odd ""key" primary key (num, n) include (size)
  ) partition by hash (n)`,
  `create table events_0 partition of events for values with (modulus 3, remainder 0)`,
  `create table "Other ""schema"."Events ""1" partition of events for values with (modulus 3, remainder 1)`,
  `create table events_2 partition of events for values with (modulus 3, remainder 2) partition by range (n)`,
  `create table events_2a partition of events_2 for values from (minvalue) to (1000005)`,
  `create table events_2b partition of events_2 default`,
];
const FURTHER = [
  `alter table events add constraint events_place unique (n, num) with (fillfactor = 70)`,
  `comment on constraint "Odd ""key" on events is 'the key'`,
  `comment on index events_place is 'by place'`,
  `comment on constraint events_0_pkey on events_0 is 'the key of a partition'`,
  `comment on index events_2a_n_num_key is 'by place in a partition'`,
  `alter table events replica identity using index "Odd ""key"`,
  `alter table events_0 replica identity using index events_0_n_num_key`,
  `alter table events_2b cluster on events_2b_pkey`,
];
const ROWS = `insert into events (n, size) select n, n from generate_series(1, 500) as n`;

const database = databasePerFile();
const { client } = database;

/** The catalog without the package, and with the identities of the partitions. */
const catalog = async () => ({
  ...(await readSchema(client)),
  package: null,
  identities: await client.rows(`
    select attrelid::regclass::text as table, attidentity as identity from pg_attribute
    where attname = 'num' and attrelid in (select relid from pg_partition_tree('events')) order by 1`),
});

it('keys of a partitioned table go over and come back under writes', async () => {
  await expectFullCycle({ change, setup: [...TABLE, ...FURTHER, ROWS] });
});

const make = async (...statements: readonly string[]) => {
  for (const statement of [`drop schema if exists "Other ""schema" cascade`, ...statements])
    await client.rows(statement);
};

it('keys of a partitioned table end as after `alter column type`, also in each partition', async () => {
  await make(...TABLE, ROWS);
  await client.rows(`alter table events alter num type bigint`);
  const altered = await catalog();
  await client.rows(`drop table events; drop sequence events_id`);
  await make(...TABLE, ROWS);
  const before = await catalog();
  await database.runPhases(change, PHASES.up);
  expect(await catalog()).toEqual(altered);
  await database.runPhases(change, PHASES.down);
  expect(await catalog()).toEqual(before);
});

it('an index or a key of a partition keeps its own storage parameters', async () => {
  await make(
    ...TABLE,
    `alter table events add constraint events_place unique (n, num) with (fillfactor = 70)`,
    `create index events_size on events (size, num) with (fillfactor = 80, deduplicate_items = off)`,
    `alter index events_0_pkey set (fillfactor = 40)`,
    `alter index events_0_n_num_key set (fillfactor = 60, deduplicate_items = off)`,
    `alter index events_2a_n_num_key reset (fillfactor)`,
    `alter index "Other ""schema"."Events ""1_size_num_idx" set (fillfactor = 50)`,
    `alter index events_2b_size_num_idx reset (fillfactor, deduplicate_items)`,
    ROWS,
  );
  const { indexes } = await readSchema(client);
  await database.runPhases(change, PHASES.up);
  expect((await readSchema(client)).indexes).toEqual(indexes);
  await database.runPhases(change, PHASES.down);
  expect((await readSchema(client)).indexes).toEqual(indexes);
});

it('both keys of two changed columns go over and come back', async () => {
  const both = {
    ...change,
    columns: [
      ...change.columns,
      {
        from: { name: 'size', type: 'text' },
        to: { name: 'size_new', type: 'numeric(12,2)' },
        conversion: textToNumeric(12, 2),
      },
    ],
  } as const;
  await make(
    `create table events (num integer not null, n bigint not null, size text not null, primary key (num, n), unique (size, n)) partition by list (n)`,
    `create table events_1 partition of events for values in (1)`,
    `create table events_2 partition of events default`,
    `insert into events values (1, 1, '1.50'), (2, 2, '2')`,
  );
  const before = await catalog();
  await database.runPhases(both, PHASES.up);
  const after = await catalog();
  expect({ ...after, columns: {} }).toEqual({ ...before, columns: {} });
  await database.runPhases(both, PHASES.down);
  expect(await catalog()).toEqual(before);
  expect(await client.rows(`select size from events order by n`)).toEqual([{ size: '1.50' }, { size: '2' }]);
});

/** Ends the phase when a message of it matches. */
const endingAt = (pattern: RegExp) => {
  const ending = new AbortController();
  const emit: Emit = ({ message }) => {
    if (message !== undefined && pattern.test(message)) ending.abort(new Error('ended'));
  };
  return { emit, signal: ending.signal };
};

/** The indexes that a change has left behind. */
const leftovers = () =>
  client.rows(
    `select indexrelid::regclass::text as name from pg_index where indexrelid::regclass::text like '%mirror%'`,
  );

describe('a key of a partitioned table:', () => {
  it('a partition that was added before contract, and one that was added while it ran, get it', async () => {
    await make(...TABLE, ROWS);
    await client.rows(`alter table events_2 detach partition events_2b`);
    await database.runPhases(change, PHASES.up.slice(0, 3));
    await client.rows(
      `create table before_contract partition of events_2 for values from (1000005) to (2000000)`,
    );
    let isAdded = false;
    const emit: Emit = ({ message }) => {
      if (isAdded || !message?.includes('contract: creates the index events_0_pkey_key_mirror')) return;
      isAdded = true;
      runInOtherProcess(
        database.url,
        `create table while_it_ran partition of events_2 for values from (2000000) to (3000000)`,
      );
    };
    await expect(contract({ ...(await database.open(change)), emit })).rejects.toMatchObject(
      refusedWith(
        'ATTACHED_MEANWHILE',
        /the partition public\.while_it_ran was added meanwhile, and it has no index for Odd "key yet/,
      ),
    );
    await database.runPhases(change, PHASES.up.slice(3));
    const { constraints, indexes } = await readSchema(client);
    for (const partition of ['before_contract', 'while_it_ran']) {
      expect(constraints[`${partition}.${partition}_pkey`]).toBe('PRIMARY KEY (num, n) INCLUDE (size)');
    }
    expect(Object.values(indexes).filter((definition) => definition.includes('not valid'))).toEqual([]);
    expect(await leftovers()).toEqual([]);
  });

  it('a contract that was killed between the indexes of its partitions is continued', async () => {
    await make(...TABLE, ROWS);
    const before = await catalog();
    await database.runPhases(change, PHASES.up.slice(0, 3));
    const context = await database.open(change);
    await expect(
      contract({ ...context, ...endingAt(/contract: creates the index events_2a_pkey_key_mirror/) }),
    ).rejects.toThrow('ended');
    expect(await leftovers()).toContainEqual({ name: 'events_0_pkey_key_mirror' });
    await database.runPhases(change, PHASES.up.slice(3));
    expect(await leftovers()).toEqual([]);
    await database.runPhases(change, PHASES.down);
    expect(await catalog()).toEqual(before);
  });

  it('the indexes of a killed contract go with the revert of enforce', async () => {
    await make(...TABLE, ROWS);
    const before = await catalog();
    await database.runPhases(change, PHASES.up.slice(0, 3));
    const context = await database.open(change);
    await expect(
      contract({ ...context, ...endingAt(/contract: creates the index events_2a_pkey_key_mirror/) }),
    ).rejects.toThrow('ended');
    await database.runPhases(change, PHASES.down.slice(2));
    expect(await catalog()).toEqual(before);
  });

  it('the indexes of a killed revert of enforce go with contract', async () => {
    await make(...TABLE, ROWS);
    await database.runPhases(change, PHASES.up);
    const after = await catalog();
    await database.runPhases(change, PHASES.down.slice(0, 2));
    const context = await database.open(change);
    await expect(
      revertEnforce({
        ...context,
        ...endingAt(/revert enforce: creates the index events_2a_pkey_key_mirror/),
      }),
    ).rejects.toThrow('ended');
    await database.runPhases(change, PHASES.up.slice(3));
    expect(await catalog()).toEqual(after);
  });
});
