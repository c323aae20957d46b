import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { columnReferences } from '../../../../src/online-migration/mikro-orm/unfollowed/column-references.ts';
import { loadSqlParser } from '../../../../src/online-migration/sql/sql-parser.ts';
import type { KnownTable } from '../../../../src/online-migration/mikro-orm/unfollowed/visible-columns.ts';
import { connect, type DatabaseClient } from '../../../support/database-client.ts';
import { describeFrom } from '../../../support/server-major.ts';
import { createTestDatabase } from '../../../support/test-server.ts';

/** The column `total` of `orders` is dropped, so PostgreSQL refuses the statements that name it. */
const TABLES = [
  `create table orders (id integer primary key, total_new numeric)`,
  `create table item (id integer primary key, order_id integer, total integer)`,
  `create schema other`,
  `create table other.orders (id integer, total integer)`,
];

const tables: KnownTable[] = [
  { schema: 'public', name: 'orders', columns: new Set(['id', 'total', 'total_new']) },
  { schema: 'public', name: 'item', columns: new Set(['id', 'order_id', 'total']) },
];

const STATEMENTS = [
  // Qualifiers and aliases.
  `select total from orders`,
  `select "total" from "public"."orders"`,
  `select TOTAL from Orders`,
  `select o.total from orders o`,
  `select orders.total from orders`,
  `select public.orders.total from public.orders`,
  `select (o).total from orders o`,
  `select (null::orders).total`,
  `select (null::public.orders).total_new`,
  `select total_new as total from orders`,
  `select 'total' as "total.x", '{"total": 1}'::jsonb -> 'total' from orders`,
  `select i.total from orders o join item i on i.order_id = o.id`,
  `select total from item`,
  `select total from other.orders`,
  `select o.total from other.orders o, public.orders p`,
  `select total from orders as total(total)`,
  `select id from orders -- total`,
  // Clauses.
  `select id from orders where total > 1`,
  `select id from orders order by total`,
  `select total_new as total from orders order by total`,
  `select total_new as total from orders order by total + 1`,
  `select distinct on (total) total_new as total from orders`,
  `select distinct on (total) id from orders`,
  `select count(*) filter (where total > 1) from orders`,
  `select sum(id) over (partition by total) from orders`,
  `select sum(id) over w from orders window w as (order by total)`,
  `select id from orders group by id having max(total) > 1`,
  `select id from orders limit (select max(total) from orders)`,
  `select case when o.total is null then 1 end, coalesce(o.total, 1), array[o.total] from orders o`,
  `select id from orders o for update of o`,
  `select id from orders tablesample system (10) where total > 1`,
  // Joins.
  `select 1 from orders join item using (id, total)`,
  `select 1 from orders join item using (id)`,
  `select total from orders o join item i on i.order_id = o.id`,
  `select j.total from (orders o cross join (select 1 as x) s) as j`,
  `select j.total from (orders o join item i on i.order_id = o.id) as j`,
  `select o.id from orders o left join item i on i.total = o.id`,
  `select o.id from orders o left join item i on i.total = o.total`,
  // Subqueries.
  `select total from (select total_new as total from orders) o`,
  `select o.total from (select * from orders) o`,
  `select o.total from (select o.* from orders o) o`,
  `select o.total from (select id as total from orders) o`,
  `select a from (select total_new from orders) o(a)`,
  `select id from orders where exists (select from item where total = 1)`,
  `select id from orders where exists (select from item i where i.total = orders.total)`,
  `select id from orders where exists (select from (select 1 as x) s where total = 1)`,
  `select id from orders o, lateral (select o.total) s`,
  `select id from orders o, lateral generate_series(1, o.total) g`,
  `select total from generate_series(1, 2) total, orders`,
  `select id from orders where id in (select total from item union select total from orders)`,
  `select total_new as total from orders union all select total from item order by total`,
  `select array(select total from orders)`,
  // With.
  `with orders as (select total_new as total from public.orders) select total from orders`,
  `with orders as (select * from public.orders) select total from orders`,
  `with o as (select id from orders) select id from o`,
  `with o(total) as (select id from orders) select total from o`,
  `with recursive o as (select id as total from orders union all select o.total + 1 from o where o.total < 3) select total from o`,
  `with o as (delete from orders returning id as total) select total from o`,
  `with o as (delete from orders returning *) select total from o`,
  // Writes.
  `insert into orders (id, total) values (1, 2)`,
  `insert into orders (id, total_new) select id, total from item`,
  `insert into orders (id, total_new) select id, total from orders`,
  `insert into orders (id) values (1) on conflict (id) do update set total = 1`,
  `insert into orders (id) values (1) on conflict (id) do update set total_new = excluded.total`,
  `insert into orders as o (id) values (1) on conflict (id) do update set total_new = 1 where o.total is null`,
  `insert into orders (id) values (1) on conflict (total) do nothing`,
  `insert into orders (id) values (1) returning total`,
  `insert into item (id, total) values (1, 2) returning total`,
  `update orders set total = 1`,
  `update orders set (id, total) = (1, 2)`,
  `update orders set total_new = total`,
  `update orders o set total_new = i.total from item i where i.order_id = o.id`,
  `update item set total = 1 from orders o where o.id = order_id returning item.total`,
  `update orders set total_new = 1 returning total_new as total`,
  `delete from orders where total is null`,
  `delete from orders o using item i where i.order_id = o.id and i.total = 1`,
  `delete from item using orders o where o.total = 1`,
];

const MERGES = [
  `merge into orders o using item i on i.order_id = o.id when matched then update set total_new = i.total`,
  `merge into orders o using item i on i.order_id = o.id when matched then update set total = 1`,
  `merge into item i using orders o on i.order_id = o.id when not matched then insert (id, total) values (o.id, o.total)`,
  `merge into orders o using item i on i.order_id = o.id when matched and o.total > 1 then delete`,
];

const resources = new AsyncDisposableStack();
let client: DatabaseClient;

beforeAll(async () => {
  const { url } = resources.use(await createTestDatabase());
  client = resources.use(await connect(url));
  for (const table of TABLES) await client.rows(table);
});
afterAll(() => resources.disposeAsync());

it.each(STATEMENTS)('%s', agreesWithServer);

describeFrom(15, 'merge', () => {
  it.each(MERGES)('%s', agreesWithServer);
});

async function agreesWithServer(statement: string): Promise<void> {
  const parser = await loadSqlParser();
  const references = columnReferences(parser.parseSync(statement).stmts, (schema = 'public', name) =>
    tables.find((table) => table.schema === schema && table.name === name),
  );
  const isNamed = references.some(({ table, column }) => table.name === 'orders' && column === 'total');
  const refusal = await client.rows(`explain ${statement}`).then(
    () => 'none',
    ({ code }: { code: string }) => code,
  );
  expect({ isNamed, refusal }).toEqual(
    isNamed ? { isNamed, refusal: '42703' } : { isNamed, refusal: 'none' },
  );
}
