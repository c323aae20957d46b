import { describe, expect, it } from '@jest/globals';
import type { Emit } from '../../../src/online-migration/change/events.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expectFullCycle, PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { runInOtherProcess } from '../../support/run-in-other-process.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const INTEGER = { from: 'integer', to: 'bigint', conversion: integerToBigint } as const;
const ofOwner = changeOf('event.owner', { key: ['id', 'n'], ...INTEGER });
const value = { old: (n: string) => `(${n} % 1000)::integer`, new: (n: string) => `(${n} % 1000)::bigint` };

const OWNERS = [
  `create table owner (id integer primary key)`,
  `insert into owner select n from generate_series(0, 1000) as n`,
];
/** An update of `n` moves a row. */
const EVENTS = [
  `create sequence event_id`,
  `create table event (id bigint not null default nextval('event_id'), n bigint not null, owner integer not null, primary key (id, n)) partition by hash (n)`,
  `create table event_0 partition of event for values with (modulus 3, remainder 0)`,
  `create table "Event ""1" partition of event for values with (modulus 3, remainder 1)`,
  `create table event_2 partition of event for values with (modulus 3, remainder 2) partition by range (n)`,
  `create table event_2a partition of event_2 for values from (minvalue) to (1000005)`,
  `create table event_2b partition of event_2 default`,
];
const KEY = `alter table event add constraint "Odd ""owner" foreign key (owner) references owner on delete cascade deferrable`;
const COMMENTS = [
  `comment on constraint "Odd ""owner" on event is 'of all events'`,
  `alter table event_0 rename constraint "Odd ""owner" to of_event_0`,
  `comment on constraint of_event_0 on event_0 is 'of some'`,
];
const ROWS = `insert into event (n, owner) select n, n from generate_series(1, 500) as n`;

const database = databasePerFile();
const { client } = database;
const make = async (...statements: readonly string[]) => {
  for (const statement of statements) await client.rows(statement);
};
const catalog = async () => ({ ...(await readSchema(client)), package: null });

it('a foreign key of a partitioned table goes over and comes back under writes', async () => {
  await expectFullCycle({ change: ofOwner, value, setup: [...OWNERS, ...EVENTS, KEY, ...COMMENTS, ROWS] });
});

it('a foreign key of a partitioned table ends as after `alter column type`', async () => {
  await make(...OWNERS, ...EVENTS, KEY, ROWS, `alter table event alter owner type bigint`);
  const altered = await catalog();
  await make(`drop table event`, `drop sequence event_id`, ...EVENTS, KEY, ROWS);
  await database.runPhases(ofOwner, PHASES.up);
  expect(await catalog()).toEqual(altered);
  await expect(client.rows(`insert into event (n, owner) values (7, 5000)`)).rejects.toMatchObject({
    code: '23503',
  });
  await client.rows(`delete from owner where id = 7`);
  expect(await client.value(`select count(*)::int from event where owner = 7`)).toBe(0);
});

it('a foreign key of a partitioned table goes over with the column that it refers to', async () => {
  await make(...OWNERS, ...EVENTS, KEY, ...COMMENTS, ROWS);
  const before = await catalog();
  const ofId = changeOf('owner.id', INTEGER);
  await database.runPhases(ofId, PHASES.up);
  const after = await catalog();
  expect(after.constraints).toEqual(before.constraints);
  await expect(client.rows(`insert into event (n, owner) values (7, 5000)`)).rejects.toMatchObject({
    code: '23503',
  });
  await database.runPhases(ofId, PHASES.down);
  expect(await catalog()).toEqual(before);
});

it('a foreign key to a partitioned table goes over and comes back under writes', async () => {
  const ofItem = changeOf('item.event', INTEGER);
  const setup = [
    `create table event (id bigint, at integer, primary key (id, at)) partition by range (at)`,
    `create table event_0 partition of event for values from (0) to (10)`,
    `create table event_1 partition of event for values from (10) to (20) partition by hash (id)`,
    `create table event_1a partition of event_1 for values with (modulus 1, remainder 0)`,
    `insert into event select n, n % 20 from generate_series(0, 1000) as n`,
    `create table item (id bigint generated always as identity primary key, n bigint not null, event integer not null,
      at integer not null generated always as ((n % 1000) % 20) stored)`,
    `alter table item add constraint "Odd ""event" foreign key (event, at) references event`,
    `insert into item (n, event) select n, n from generate_series(1, 500) as n`,
  ];
  // Up to PostgreSQL 17, the validation leaves the rows of the catalog for the partitions as they are.
  if (SERVER_MAJOR >= 18) return expectFullCycle({ change: ofItem, value, setup });
  await make(...setup);
  const constraints = async () =>
    JSON.parse(JSON.stringify((await catalog()).constraints).replaceAll(' NOT VALID, not validated', ''));
  const before = await constraints();
  await database.runPhases(ofItem, PHASES.up);
  expect(await constraints()).toEqual(before);
  expect((await catalog()).constraints['item.Odd "event']).not.toContain('not validated');
  await expect(client.rows(`insert into item (n, event) values (7, 5000)`)).rejects.toMatchObject({
    code: '23503',
  });
  await expect(client.rows(`delete from event where id = 7`)).rejects.toMatchObject({ code: '23503' });
  await database.runPhases(ofItem, PHASES.down);
  expect(await constraints()).toEqual(before);
});

/** Ends the phase when a message of it matches. */
const endingAt = (pattern: RegExp) => {
  const ending = new AbortController();
  const emit: Emit = ({ message }) => {
    if (message !== undefined && pattern.test(message)) ending.abort(new Error('ended'));
  };
  return { emit, signal: ending.signal };
};
const copies = () => client.rows(`select conname from pg_constraint where conname like '%mirror' order by 1`);

describe('a foreign key of a partitioned table:', () => {
  it('an enforce that was killed before the validation is continued, or taken back', async () => {
    await make(...OWNERS, ...EVENTS, KEY, ROWS);
    const before = await catalog();
    await database.runPhases(ofOwner, PHASES.up.slice(0, 2));
    const killed = async () => {
      const context = await database.open(ofOwner);
      await expect(
        enforce({ ...context, ...endingAt(/enforce: add the foreign keys: held/) }),
      ).rejects.toThrow('ended');
      expect(await copies()).toHaveLength(4);
    };
    await killed();
    await database.runPhases(ofOwner, PHASES.down.slice(3));
    expect(await catalog()).toEqual(before);
    await database.runPhases(ofOwner, PHASES.up.slice(0, 2));
    await killed();
    await database.runPhases(ofOwner, PHASES.up.slice(2));
    expect(await copies()).toEqual([]);
  });

  it('a partition that is added before its copies are joined is not read under the lock', async () => {
    await make(...OWNERS, ...EVENTS.slice(0, -1), KEY);
    await database.runPhases(ofOwner, PHASES.up.slice(0, 2));
    let isAdded = false;
    const emit: Emit = ({ message }) => {
      if (isAdded || !message?.startsWith('enforce: add the foreign keys: held')) return;
      isAdded = true;
      runInOtherProcess(database.url, `create table added partition of event_2 default`);
    };
    await expect(enforce({ ...(await database.open(ofOwner)), emit })).rejects.toMatchObject(
      refusedWith(
        'ATTACHED_MEANWHILE',
        /the partition public\.added was added meanwhile, and it has no copy of the foreign key Odd "owner yet/,
      ),
    );
    await database.runPhases(ofOwner, PHASES.up.slice(2));
    const { constraints } = await readSchema(client);
    expect(constraints['added.Odd "owner']).toBe(
      'FOREIGN KEY (owner) REFERENCES owner(id) ON DELETE CASCADE DEFERRABLE',
    );
    expect(await copies()).toEqual([]);
  });
});
