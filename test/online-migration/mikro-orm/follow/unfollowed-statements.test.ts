import { defineEntity, p, raw, sql } from '@mikro-orm/core';
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { columnOf } from '../../../../src/online-migration/mikro-orm/follow/column-of.ts';
import {
  type FollowedOrm,
  followedOrm,
} from '../../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import type { UnfollowedStatement } from '../../../../src/online-migration/mikro-orm/unfollowed/statement-watch.ts';
import { openContext, PHASES } from '../../../support/change-cycle.ts';
import { connect } from '../../../support/database-client.ts';
import { orderTotal } from '../../../support/shop/changes.ts';
import { createTestDatabase } from '../../../support/test-server.ts';

const { change } = orderTotal;

/** The column in a formula, which MikroORM computes for each statement. */
let formulaColumn: (em: EntityManager) => string;
let em: EntityManager;

const schema = defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: {
    id: p.integer().primary().generated('identity'),
    total: p.decimal().precision(12).scale(2),
    doubled: p
      .string()
      .formula((columns) => `(${columns.toString()}.${formulaColumn(em)}::numeric * 2)::text`)
      .lazy()
      .persist(false),
  },
  filters: {
    large: {
      name: 'large',
      cond: ({ column }: { column: string }) => ({ [raw(`${column}::float8`)]: { $gt: 1 } }),
      default: false,
    },
  },
});
class Order extends schema.class {}
schema.setClass(Order);

interface Database {
  readonly orders: { readonly id: number; readonly total: string; readonly total_new: string };
}

/** Each way to send a statement past the mapping, with the column's name as the application gives it. */
const WAYS: Readonly<Record<string, (column: string) => Promise<unknown>>> = {
  'em.execute': (column) => em.execute(`select ${column} from orders where id = ?`, [1]),
  'a connection': (column) => em.getConnection().execute(`update orders set ${column} = '3.00' where id = 1`),
  'a transaction': (column) =>
    em.transactional(async (inner) => {
      await inner.execute(`insert into orders (${column}) values ('4.00')`);
    }),
  'raw() in a query builder': (column) =>
    em
      .createQueryBuilder(Order)
      .select(raw(`max(${column}) as most`))
      .execute(),
  'a string condition': (column) =>
    em.createQueryBuilder(Order, 'o').where(`o.${column}::numeric > ?`, [2]).getResult(),
  'raw() as a key of em.find': (column) => em.find(Order, { [raw(`${column}::numeric`)]: { $gt: 1 } }),
  'sql in an order': (column) => em.find(Order, {}, { orderBy: { [sql`${sql.ref(column)}`]: 'asc' } }),
  Kysely: (column) =>
    em
      .getKysely<Database>()
      .selectFrom('orders')
      .select('id')
      .where(column as 'total', '>', '0')
      .execute(),
  'a formula': (column) => {
    formulaColumn = () => column;
    return em.fork().find(Order, {}, { populate: ['doubled'] });
  },
  'a filter': (column) => em.find(Order, {}, { filters: { large: { column } } }),
  'a stream': async (column) => {
    const rows = em
      .createQueryBuilder(Order)
      .select(raw(`${column} as one`))
      .stream({ rawResults: true });
    for await (const row of rows) expect(row).toBeDefined();
  },
  'the pool itself': async (column) =>
    (await em.getConnection().getNativeClient()).query(`delete from orders o where o.${column} = $1`, ['7']),
};

const resources = new AsyncDisposableStack();
let orm: FollowedOrm;
let found: UnfollowedStatement[];

beforeAll(async () => {
  const { url } = resources.use(await createTestDatabase());
  await using client = await connect(url);
  await client.rows(
    `create table orders (id integer primary key generated always as identity, total text not null)`,
  );
  await client.rows(`insert into orders (total) values ('1.50'), ('2.50')`);
  await using context = await openContext(url, change);
  for (const phase of PHASES.up.slice(0, 3)) await phase(context);
  orm = resources.use(
    await followedOrm(defineConfig({ clientUrl: url, entities: [Order], ensureDatabase: false }), {
      changes: [change],
      connection: url,
      log: () => undefined,
      onUnfollowedStatement: (statement) => found.push(statement),
    }),
  );
});
afterAll(() => resources.disposeAsync());
beforeEach(() => {
  found = [];
});

describe.each(Object.keys(WAYS))('%s', (way) => {
  it('is reported once if it names the old column', async () => {
    await orm.run(async (current) => {
      em = current;
      await WAYS[way]!('total');
      await WAYS[way]!('total');
    });
    expect(found).toEqual([
      {
        change: 'public.orders.total',
        table: 'public.orders',
        column: 'total',
        activeColumn: 'total_new',
        statement: expect.stringMatching(/\btotal\b/),
        sentFrom: found[0]?.sentFrom,
      },
    ]);
    // The stack ends at a callback of the pool.
    const line = way === 'the pool itself' ? /^null$/ : /unfollowed-statements\.test\.ts:\d+:\d+$/;
    expect(String(found[0]!.sentFrom)).toMatch(line);
    // Values may be secrets.
    expect(found[0]!.statement).not.toMatch(/'/);
  });

  it('is not reported with the column of columnOf', async () => {
    await orm.run(async (current) => {
      em = current;
      await WAYS[way]!(columnOf(em, Order, 'total'));
    });
    expect(found).toEqual([]);
  });
});

it('a fork without a context is compared with the active column', async () => {
  await orm.em.fork().execute(`select count(total) from public.orders`);
  await orm.em.fork().execute(`select count(total_new) from public.orders`);
  expect(found.map(({ statement }) => statement)).toEqual(['select count(total) from public.orders']);
});
