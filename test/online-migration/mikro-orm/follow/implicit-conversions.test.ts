import { DecimalType, defineEntity, p } from '@mikro-orm/core';
import { defineConfig } from '@mikro-orm/postgresql';
import { describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../../src/online-migration/change/column-change.ts';
import { followedOrm } from '../../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import { PHASES } from '../../../support/change-cycle.ts';
import { changeOf } from '../../../support/change-of.ts';
import { databasePerTest } from '../../../support/tested-database.ts';

/** Types between which PostgreSQL converts without being asked, and values that the conversion would alter. */
const CASES = [
  {
    from: 'timestamp',
    to: 'timestamptz',
    forward: (value: string) => `${value} at time zone 'UTC'`,
    backward: (value: string) => `${value} at time zone 'UTC'`,
    property: () => p.datetime(),
    value: new Date('2024-07-01T12:00:00.000Z'),
  },
  {
    from: 'integer',
    to: 'numeric(10, 2)',
    forward: (value: string) => `${value}::numeric(10, 2)`,
    backward: (value: string) => `${value}::integer`,
    property: () => p.decimal('number'),
    value: 7.5,
  },
];

const database = databasePerTest();
const { client } = database;

describe.each(CASES)('an EntityManager that is held across a change from $from to $to', (example) => {
  const { from, to, forward, backward, property, value } = example;

  it('neither writes nor reads with the other type', async () => {
    const entry = defineEntity({
      name: 'Entry',
      tableName: 'entry',
      properties: { id: p.integer().primary(), value: property() },
    });
    await client.rows(`create table entry (id integer primary key, value ${from} not null)`);
    const zone = `alter database "${new URL(database.url).pathname.slice(1)}" set timezone = 'Asia/Tokyo'`;
    await client.rows(zone);
    const change: ColumnChange = changeOf('entry.value', { from, to, conversion: { forward, backward } });
    const orm = await followedOrm(
      defineConfig({
        clientUrl: database.url,
        entities: [entry],
        ensureDatabase: false,
        forceUtcTimezone: true,
      }),
      { changes: [change], log: () => undefined },
    );
    database.defer(async () => orm[Symbol.asyncDispose]());
    const write = (id: number) =>
      orm.run(async (em) => {
        em.create(entry, { id, value } as never);
        await em.flush();
      });
    const expectRefused = async (em: typeof orm.em) => {
      em.create(entry, { id: 9, value } as never);
      await expect(em.flush()).rejects.toMatchObject({ code: '42804' });
      const other = em.fork();
      await expect(other.find(entry, {})).rejects.toMatchObject({ code: '42804' });
      await expect(other.count(entry, { value })).rejects.toMatchObject({ code: '42804' });
      await expect(other.nativeUpdate(entry, {}, { value })).rejects.toMatchObject({
        code: '42804',
      });
    };
    await write(1);
    const before = orm.em.fork();
    await database.runPhases(change, PHASES.up);
    await expectRefused(before);
    await write(2);
    await orm.follower(change).refresh();
    const after = orm.em.fork();
    await database.runPhases(change, PHASES.down);
    await expectRefused(after);
    await write(3);
    expect(await client.value(`select count(*)::int from entry`)).toBe(3);
  });
});

it.each([
  { from: 'numeric(10, 2)', to: 'text', property: () => p.text(), values: ['7.00', '8.00'] },
  {
    from: 'numeric(10, 2)',
    to: 'double precision',
    property: () => p.double(),
    oldType: new DecimalType('number'),
    values: [7, 8],
  },
])('an entity is updated while its column is $from, and later $to', async (example) => {
  const { from, to, property, oldType, values } = example;
  const entry = defineEntity({
    name: 'Entry',
    tableName: 'entry',
    properties: { id: p.integer().primary(), value: property() },
  });
  await client.rows(`create table entry (id integer primary key, value ${from} not null)`);
  const change = changeOf('entry.value', {
    from,
    to,
    conversion: { forward: (value) => `${value}::${to}`, backward: (value) => `${value}::${from}` },
  });
  const orm = await followedOrm(
    defineConfig({ clientUrl: database.url, entities: [entry], ensureDatabase: false }),
    {
      changes: [oldType === undefined ? change : { change, oldType }],
      log: () => undefined,
    },
  );
  database.defer(async () => orm[Symbol.asyncDispose]());
  await client.rows(`insert into entry values (1, 6)`);
  for (const value of values) {
    await orm.run(async (em) => {
      const found = await em.findOneOrFail(entry, 1);
      found.value = value;
      await em.flush();
      await em.refresh(found);
      expect(found.value).toBe(value);
    });
    if (value === values[0]) await database.runPhases(change, PHASES.up);
  }
});

it('a statement with the check uses an index', async () => {
  const entry = defineEntity({
    name: 'Entry',
    tableName: 'entry',
    properties: { id: p.integer().primary(), value: p.datetime() },
  });
  await client.rows(`create table entry (id integer primary key, value timestamp not null);
    create index by_value on entry (value); set enable_seqscan = off; set enable_sort = off`);
  const conversion = {
    forward: (value: string) => `${value} at time zone 'UTC'`,
    backward: (value: string) => `${value} at time zone 'UTC'`,
  };
  const change = changeOf('entry.value', { from: 'timestamp', to: 'timestamptz', conversion });
  const orm = await followedOrm(
    defineConfig({ clientUrl: database.url, entities: [entry], ensureDatabase: false }),
    {
      changes: [change],
      log: () => undefined,
    },
  );
  database.defer(async () => orm[Symbol.asyncDispose]());
  const value = new Date('2024-07-01T12:00:00.000Z');
  const query = orm.em.fork().createQueryBuilder(entry).where({ value }).orderBy({ value: 1 });
  const plan = await client.rows<Record<'QUERY PLAN', string>>(`explain ${query.getFormattedQuery()}`);
  expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toMatch(/Index Cond: \(value = /);
});
