import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineConfig, defineEntity, MikroORM, p, type EntitySchema } from '@mikro-orm/postgresql';
import { TypedColumn } from '../../../src/online-migration/mikro-orm/typed-column.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const mapping = (table: string, type: string): EntitySchema =>
  defineEntity({
    name: `${table} ${type}`,
    tableName: table,
    properties: {
      id: p.type(new TypedColumn('integer')).primary().autoincrement(),
      value: p.type(new TypedColumn(type)).nullable(),
    },
  });

/** A table for each type, and a value of it as PostgreSQL writes it. */
const VALUES: [type: string, value: string][] = [
  ['text', 'a  b'],
  ['varchar(5)', 'ab'],
  ['char(5)', 'ab   '],
  ['integer', '7'],
  ['bigint', '9007199254740993'],
  ['numeric(30,2)', '12345678901234567890.10'],
  ['double precision', '1.5'],
  ['boolean', 'true'],
  ['uuid', '00000000-0000-4000-8000-000000000001'],
  ['jsonb', '{"a": 12345678901234567890}'],
  ['timestamp(3)', '2024-01-01 10:00:00.123'],
  ['timestamp(6) without time zone', '2024-01-01 10:00:00.123456'],
  ['date', '2024-01-01'],
  ['interval', '1 day 03:00:00'],
  ['text[]', '{a,"b c"}'],
  ['bit(3)', '101'],
];

const resources = new AsyncDisposableStack();
let client: DatabaseClient;
let orm: MikroORM;
const mappings = VALUES.map(([type], index) => mapping(`thing_${index}`, type));
const numbers = mapping('numbers', 'numeric(12,2)');
const overtaken = mapping('numbers', 'text');

beforeAll(async () => {
  const database = resources.use(await createTestDatabase());
  client = resources.use(await connect(database.url));
  for (const [index, [type]] of VALUES.entries()) {
    await client.rows(`create table thing_${index} (id serial primary key, value ${type})`);
  }
  await client.rows(`create table numbers (id serial primary key, value numeric(12,2))`);
  await client.rows(`insert into numbers (value) select n from generate_series(1, 1000) as n`);
  await client.rows(`analyze numbers`);
  orm = await MikroORM.init(
    defineConfig({
      clientUrl: database.url,
      entities: [...mappings, numbers, overtaken],
      discovery: { checkDuplicateTableNames: false },
      ensureDatabase: false,
    }),
  );
  resources.defer(() => orm.close());
});
afterAll(async () => resources.disposeAsync());

describe('a typed column', () => {
  it.each(VALUES.map(([type, value], index) => [type, value, mappings[index]!] as const))(
    'of type %s reads %j as it was written, and null',
    async (_type, value, entity) => {
      const em = orm.em.fork();
      const added = em.create(entity, { value });
      em.create(entity, {});
      await em.flush();
      expect(added).toMatchObject({ id: '1', value });
      const found = await em.fork().find(entity, {}, { orderBy: { id: 'asc' } });
      expect(found).toEqual([
        expect.objectContaining({ id: '1', value }),
        expect.objectContaining({ id: '2', value: null }),
      ]);
    },
  );

  it('is compared and sorted as what it is', async () => {
    const found = await orm.em
      .fork()
      .find(numbers, { value: { $gt: '998.5' } }, { orderBy: { value: 'desc' } });
    expect(found).toEqual([
      expect.objectContaining({ value: '1000.00' }),
      expect.objectContaining({ value: '999.00' }),
    ]);
  });

  it('is found by its index', async () => {
    const { sql } = orm.em.createQueryBuilder(numbers).where({ id: '7' }).toQuery();
    const plan = await client.rows(`explain ${sql.replace('?', `'7'`)}`);
    expect(JSON.stringify(plan)).toContain('numbers_pkey');
  });

  it('refuses the column in its other type', async () => {
    const mismatch = expect.objectContaining({ code: '42804' });
    const em = orm.em.fork();
    await expect(em.find(overtaken, {})).rejects.toEqual(mismatch);
    await expect(em.find(overtaken, { value: '1' })).rejects.toEqual(mismatch);
    await expect(em.nativeUpdate(overtaken, { id: '1' }, { value: '2' })).rejects.toEqual(mismatch);
    em.create(overtaken, { value: '2' });
    await expect(em.flush()).rejects.toEqual(mismatch);
  });
});
