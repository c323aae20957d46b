import { type EntitySchema, p } from '@mikro-orm/core';
import { type Edit, rowsInTheWay, unsafe } from './edit.ts';
import { customers, entity, ofCustomer, orders } from './entities.ts';

/** A view of the names of customers. */
const ofCustomersNames = () =>
  entity(
    'Name',
    { id: p.integer().primary(), name: p.text() },
    { tableName: 'names', view: true, expression: 'select id, name from customers' },
  );

/** Orders with odd names. */
const oddOrders = (code: string, key: string) =>
  orders(
    { code: p.integer().fieldName(code).index() },
    { schema: 'Odd Schema', tableName: 'Odd Orders', uniques: [{ name: key, properties: ['total'] }] },
  );

/** Whole tables: new ones, other names, keys, schemas and partitions. */
export const TABLE_EDITS: readonly Edit[] = [
  {
    name: 'a table with another name',
    before: () => [orders()],
    after: () => [orders({}, { tableName: 'purchases' })],
    refused: unsafe(/all rows of public\.orders are lost.*`alter table public\.orders rename to <name>`/),
  },
  {
    name: 'an entity that is dropped',
    before: () => [customers(), orders()],
    after: () => [orders()],
  },
  {
    name: 'an entity that is dropped with the relation to it',
    before: () => {
      const customer = customers();
      return [customer, orders({ customer: () => ofCustomer(customer).nullable().index() })];
    },
    after: () => [orders({ customer_id: p.integer().nullable() })],
    refusedDown: rowsInTheWay(/no partner in "customers".*The steps before it are done: `create table/),
  },
  {
    name: 'an entity that is dropped, of which there is a view',
    before: () => [customers(), orders(), ofCustomersNames()],
    after: () => [orders(), ofCustomersNames()],
    refusedAlways: unsafe(/: rule _RETURN on view names\. .*then the table without `cascade`/),
  },
  {
    name: 'a new table that refers to a table in use',
    before: () => [orders()],
    after: () => {
      const order = orders();
      return [order, entity('Item', { id: p.integer().primary(), order: () => p.manyToOne(order) })];
    },
  },
  {
    name: 'a many-to-many relation',
    before: () => [customers(), orders()],
    after: () => {
      const customer = customers();
      return [customer, orders({ cs: () => p.manyToMany(customer).pivotTable('orders_cs') })];
    },
  },
  {
    name: 'partitions of a table',
    before: () => [orders()],
    after: () => [orders({}, { partitionBy: { type: 'hash', expression: ['id'], partitions: 4 } })],
    refused: unsafe(/make the partitioned table under another name/),
  },
  {
    name: 'a new partitioned table',
    before: () => [customers()],
    after: () => [
      customers(),
      orders({}, { partitionBy: { type: 'hash', expression: ['id'], partitions: 4 } }),
    ],
  },
  {
    name: 'a property of a partitioned table, which becomes required',
    before: () => [orders({}, { partitionBy: { type: 'hash', expression: ['id'], partitions: 2 } })],
    after: () => [
      orders(
        { note: p.text(), extra: p.string().nullable(), st: p.enum(['a']).default('a') },
        { partitionBy: { type: 'hash', expression: ['id'], partitions: 2 } },
      ),
    ],
  },
  {
    name: 'an index of a partitioned table',
    before: () => [orders({}, { partitionBy: { type: 'hash', expression: ['id'], partitions: 2 } })],
    after: () => [
      orders(
        { total: p.integer().index() },
        { partitionBy: { type: 'hash', expression: ['id'], partitions: 2 } },
      ),
    ],
  },
  {
    name: 'a composite primary key in place of a simple one',
    before: () => [orders({ tenant: p.integer() })],
    after: () => [orders({ tenant: p.integer().primary() })],
  },
  {
    name: 'a table of another schema, with odd names',
    setup: [`create schema "Odd Schema"`],
    before: () => [
      customers({}, { schema: 'Odd Schema', tableName: 'Odd Customers' }),
      orders({ odd: p.integer().fieldName('Odd Name') }, { schema: 'Odd Schema', tableName: 'Odd Orders' }),
    ],
    after: () => {
      const customer = customers({}, { schema: 'Odd Schema', tableName: 'Odd Customers' });
      return [
        customer,
        orders(
          {
            odd: p.integer().fieldName('Odd Name').unique().index(),
            note: p.text(),
            st: p.enum(['a', 'b']).fieldName('Odd State').default('a'),
            customer: () => ofCustomer(customer, 'Odd Customer').nullable(),
          },
          {
            schema: 'Odd Schema',
            tableName: 'Odd Orders',
            checks: [{ name: 'Odd Check', expression: '"Odd Name" > 0' }],
          },
        ),
      ];
    },
  },
  {
    name: 'renamed parts of another schema, with odd names',
    setup: [`create schema "Odd Schema"`],
    before: () => [oddOrders('Odd Number', 'Odd Key')],
    after: () => [oddOrders('Odd Code', 'Other Key')],
  },
  {
    name: 'a relation to a table of another schema',
    setup: [`create schema shop`],
    before: () => [customers({}, { schema: 'shop' }), orders({ customer_id: p.integer() })],
    after: () => {
      const customer = customers({}, { schema: 'shop' });
      return [customer, orders({ customer: () => ofCustomer(customer).index() })];
    },
  },
  {
    name: 'a table in another schema, which MikroORM makes anew',
    setup: [`create schema shop`],
    before: () => [customers(), orders()],
    after: () => [customers(), orders({}, { schema: 'shop' })],
    noWayBack: true,
  },
  {
    name: 'an entity of single-table inheritance',
    before: () => [
      entity(
        'Person',
        { id: p.integer().primary(), name: p.text() },
        { discriminatorColumn: 'kind', discriminatorMap: { person: 'Person' } },
      ),
    ],
    after: () => {
      const person: EntitySchema = entity(
        'Person',
        { id: p.integer().primary(), name: p.text() },
        { discriminatorColumn: 'kind', discriminatorMap: { person: 'Person', manager: 'Manager' } },
      );
      return [person, entity('Manager', { level: p.integer() }, { extends: person, tableName: undefined })];
    },
    values: { kind: `'person'` },
  },
  {
    name: 'a new view, and another one with another expression',
    before: () => [customers(), ofCustomersNames()],
    after: () => [
      customers(),
      entity(
        'Name',
        { id: p.integer().primary(), name: p.text() },
        { tableName: 'names', view: true, expression: 'select id, name from customers where id > 1' },
      ),
      entity(
        'Key',
        { id: p.integer().primary() },
        { tableName: 'keys', view: true, expression: 'select id from customers' },
      ),
    ],
  },
  {
    name: 'a comment of a table',
    before: () => [orders()],
    after: () => [orders({}, { comment: 'hello' })],
  },
  {
    name: 'many changes in one migration',
    before: () => [
      customers(),
      orders({
        st: p.enum(['a', 'b']),
        s: p.string().length(10).nullable().index(),
        customer_id: p.integer(),
      }),
    ],
    after: () => {
      const customer = customers({ name: p.text().unique() });
      return [
        customer,
        orders(
          {
            note: p.text(),
            st: p.enum(['a', 'b', 'c']).default('c').index(),
            s: p.string().length(20).nullable().unique(),
            extra: p.json().nullable(),
            customer: () => ofCustomer(customer).index(),
          },
          { checks: [{ name: 'orders_total_pos', expression: 'total >= 0' }] },
        ),
      ];
    },
    refusedDown: unsafe(/npx online-migration new --table public\.orders --column "s"/),
  },
];
