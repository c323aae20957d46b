import { type EntitySchema, p } from '@mikro-orm/core';
import { customers, entity, ofCustomer, orders } from '../../ordinary/edits/entities.ts';
import { type CreatedEdit, phasesOf } from './created-edit.ts';

const ODD = "Order's x-1";

/** Orders that refer to customers by a key of this type. */
const referring = (id: () => unknown, further: object = {}): EntitySchema[] => {
  const customer = customers({ id: id() });
  return [customer, orders({ customer: () => ofCustomer(customer).nullable().index(), ...further })];
};

const moods = (...labels: string[]): unknown => p.enum(labels).array().nativeEnumName('mood');

/** Orders with a generated column. */
const usedBy = (column: string, further: Record<string, unknown>): Record<string, unknown> => ({
  loud: p.text().generated(`(upper("${column}")) stored`).nullable(),
  ...further,
});

const protectedBy = (column: string): Record<string, unknown> => ({
  rowLevelSecurity: true,
  policies: [{ name: 'orders_shown', using: `"${column}" <> 'secret'` }],
});

const notes = (column: string): EntitySchema =>
  entity(
    'Note',
    { id: p.integer().primary(), remark: p.text() },
    { tableName: 'order_notes', view: true, expression: `select "id", "${column}" as remark from orders` },
  );

/** Several changes of entities between two migrations. */
export const COMBINATIONS: readonly CreatedEdit[] = [
  {
    name: 'a renamed property that a generated one and a policy use',
    before: () => [orders(usedBy('note', { note: p.text().nullable() }), protectedBy('note'))],
    after: () => [
      orders(usedBy('remark', { note: undefined, remark: p.text().nullable() }), protectedBy('remark')),
    ],
    course: { asked: ['column public.orders.note'] },
  },
  {
    name: 'a renamed property that a view uses',
    before: () => [orders(), notes('note')],
    after: () => [orders({ note: undefined, remark: p.text().nullable() }), notes('remark')],
    course: { asked: ['column public.orders.note'] },
  },
  {
    name: 'a renamed relation, and another type of the key that it refers to',
    before: () => referring(() => p.integer().primary()),
    after: () => {
      const customer = customers({ id: p.bigint().primary() });
      return [customer, orders({ buyer: () => ofCustomer(customer, 'buyer_id').nullable().index() })];
    },
    course: {
      asked: ['column public.orders.customer_id'],
      written: [['ordinary'], [...phasesOf('orders_buyer_id'), ...phasesOf('customers_id')], ['ordinary']],
    },
  },
  {
    name: 'a label of an enum that is gone and another one that has come, in arrays',
    before: () => [orders({ tags: moods('good', 'bad') })],
    after: () => [orders({ tags: moods('fine', 'bad') })],
    values: { tags: `array['good', 'bad']::mood[]` },
    course: {
      asked: ['label public.mood.good'],
      written: [['ordinary', 'fill_orders_tags']],
      differs: ['enums mood: ["fine","bad"], then ["fine","good","bad"]'],
      left: ['enums mood: ["good","bad"], then ["fine","good","bad"]'],
    },
  },
  {
    name: 'a generated property that is dropped with its source',
    before: () => [orders(usedBy('note', { note: p.text() }))],
    after: () => [orders({ note: undefined })],
    course: {
      written: [['ordinary', 'drop_orders_loud']],
      refused: 'down: MIGRATION_UNSAFE',
    },
  },
  {
    name: 'a renamed property of a key, and another type',
    before: () => [orders({ place: p.integer().primary() })],
    after: () => [orders({ position: p.integer().primary(), total: p.bigint() })],
    course: {
      asked: ['column public.orders.place'],
      written: [['ordinary'], phasesOf('orders_total')],
    },
  },
  {
    name: 'a property that is renamed and has another type and an index',
    before: () => [orders({ amount: p.integer() })],
    after: () => [orders({ sum: p.bigint().index() })],
    course: {
      asked: ['column public.orders.amount'],
      written: [['ordinary'], phasesOf('orders_sum'), ['ordinary']],
    },
  },
  {
    name: 'a property that is renamed and becomes required, with a default',
    before: () => [orders()],
    after: () => [orders({ note: undefined, remark: p.text().default('none') })],
    course: { asked: ['column public.orders.note'] },
  },
  {
    name: 'a required property, and a required property that is dropped',
    before: () => [orders({ legacy: p.string() })],
    after: () => [orders({ extra: p.string() })],
    author: { answers: { drop: ['legacy'], fill: [`extra='new'`] } },
    course: {
      asked: ['column public.orders.legacy'],
      written: [['ordinary', 'fill_orders_extra', 'require_orders_extra', 'drop_orders_legacy']],
      left: ['columns public.orders.legacy notNull: true, then false'],
    },
  },
  {
    name: 'a table with another name and a new property',
    before: () => [orders()],
    after: () => [orders({ extra: p.string().nullable() }, { tableName: 'purchases' })],
    course: { asked: ['table public.orders'] },
  },
  {
    name: 'a table with another name, which has relations, and a renamed property',
    before: () => referring(() => p.integer().primary()),
    after: () => {
      const customer = customers({ name: undefined, title: p.text() }, { tableName: 'clients' });
      return [customer, orders({ customer: () => ofCustomer(customer).nullable().index() })];
    },
    course: { asked: ['table public.customers', 'column public.clients.name'] },
  },
  {
    name: 'two properties that are renamed and one that is dropped',
    before: () => [orders({ a: p.integer(), b: p.integer(), c: p.integer() })],
    after: () => [orders({ x: p.integer(), y: p.integer() })],
    course: {
      asked: ['column public.orders.a', 'column public.orders.b', 'column public.orders.c'],
      written: [['ordinary', 'drop_orders_c']],
      left: ['columns public.orders.c notNull: true, then false'],
    },
  },
  {
    name: 'a property that is dropped, and another one of the same type',
    before: () => [orders({ legacy_score: p.integer() })],
    after: () => [orders({ age: p.integer() })],
    author: { answers: { drop: ['legacy_score'], fill: ['orders.age=18'] } },
    course: {
      asked: ['column public.orders.legacy_score'],
      written: [['ordinary', 'fill_orders_age', 'require_orders_age', 'drop_orders_legacy_score']],
      left: ['columns public.orders.legacy_score notNull: true, then false'],
    },
  },
  {
    name: 'a key from integer to bigint, which tables refer to, and an index',
    before: () => {
      const customer = customers();
      return [
        customer,
        orders({ customer: () => ofCustomer(customer).nullable().index() }),
        entity('Visit', { id: p.integer().primary(), customer: () => p.manyToOne(customer) }),
      ];
    },
    after: () => {
      const customer = customers({ id: p.bigint().primary() });
      return [
        customer,
        orders({ total: p.integer().index(), customer: () => ofCustomer(customer).nullable().index() }),
        entity('Visit', { id: p.integer().primary(), customer: () => p.manyToOne(customer) }),
      ];
    },
    course: {
      written: [
        [
          'ordinary',
          ...phasesOf('orders_customer_id'),
          ...phasesOf('visits_customer_id'),
          ...phasesOf('customers_id'),
        ],
      ],
    },
  },
  {
    name: 'a label of an enum that is gone and another one that has come, with a default',
    before: () => [orders({ st: p.enum(['a', 'b']).nativeEnumName('st').default('a') })],
    after: () => [orders({ st: p.enum(['a', 'bb', 'c']).nativeEnumName('st').default('bb') })],
    values: { st: `(case when n > 100 then 'b' else 'a' end)::st` },
    course: {
      asked: ['label public.st.b'],
      written: [['ordinary', 'fill_orders_st']],
      differs: ['enums st: ["a","bb","c"], then ["a","bb","c","b"]'],
      left: ['enums st: ["a","b"], then ["a","bb","c","b"]'],
    },
  },
  {
    name: 'a serial key that becomes an identity, and an index',
    before: () => [orders()],
    after: () => [
      orders({ id: p.integer().primary().generated('by default as identity'), total: p.integer().index() }),
    ],
    course: {
      left: [
        "columns public.orders.id default: nextval('orders_id_seq'::regclass), then nothing",
        'columns public.orders.id identity: , then d',
      ],
    },
  },
  {
    name: 'nullable properties that become required, one with a default',
    before: () => [orders({ s: p.string().nullable() })],
    after: () => [orders({ note: p.text(), s: p.string().default('s') })],
  },
  {
    name: 'a timestamp with a time zone, and a text enum',
    before: () => [orders({ at: p.datetime().columnType('timestamp(6)') })],
    after: () => [
      orders({ at: p.datetime().columnType('timestamptz(6)'), st: p.enum(['a', 'b']).default('a') }),
    ],
    course: {
      differs: ['columns public.orders.at type: timestamp(6) with time zone, then timestamp with time zone'],
    },
  },
  {
    name: 'required properties of two tables',
    before: () => [customers(), orders()],
    after: () => [customers({ mail: p.string() }), orders({ place: p.string(), size: p.integer() })],
    author: {
      values: {
        'customers.mail': `name || '@example.com'`,
        'orders.place': `'home'`,
        'orders.size': 'total * 2',
      },
    },
    course: {
      asked: ['fill public.customers.mail', 'fill public.orders.place', 'fill public.orders.size'],
      written: [
        [
          'ordinary',
          'fill_customers_mail',
          'fill_orders_place',
          'fill_orders_size',
          'require_customers_mail',
          'require_orders_place',
          'require_orders_size',
        ],
      ],
    },
  },
  {
    name: 'other types in two tables and a check',
    before: () => [customers({ score: p.integer() }), orders()],
    after: () => [
      customers({ score: p.decimal().precision(12).scale(2) }),
      orders(
        { total: p.bigint(), note: p.string().length(100).nullable() },
        { checks: [{ name: 'positive', expression: 'id > 0' }] },
      ),
    ],
    course: {
      written: [['ordinary', ...phasesOf('customers_score'), ...phasesOf('orders_total_and_note')]],
      lost: [
        'public.customers (id, name, score): ["1","name 1","1"] of 500, then ["1","name 1","1.00"] of 500',
      ],
    },
  },
  {
    name: 'a new table, a relation to it, and a required property',
    before: () => [orders()],
    after: () => referring(() => p.integer().primary(), { extra: p.string() }),
    author: { values: { 'orders.extra': "'x'" } },
    course: {
      asked: ['fill public.orders.extra'],
      written: [['ordinary', 'fill_orders_extra', 'require_orders_extra']],
    },
  },
  {
    name: 'a table that is dropped, and another one that has come',
    before: () => [orders(), entity('Log', { id: p.integer().primary(), line: p.text() })],
    after: () => [orders(), entity('Event', { id: p.integer().primary(), line: p.text() })],
    course: { asked: ['table public.logs'] },
  },
  {
    name: 'renamed and required properties of another schema',
    setup: [`create schema shop`],
    before: () => [orders({}, { schema: 'shop' })],
    after: () => [
      orders({ note: undefined, remark: p.text().nullable(), extra: p.string() }, { schema: 'shop' }),
    ],
    author: { values: { 'orders.extra': "'x'" } },
    course: {
      asked: ['column shop.orders.note', 'fill shop.orders.extra'],
      written: [['ordinary', 'fill_orders_extra', 'require_orders_extra']],
    },
  },
  {
    name: 'a table in another schema that is new, with a relation to it and a renamed property',
    before: () => referring(() => p.integer().primary()),
    after: () => {
      const customer = customers({ name: undefined, title: p.text() }, { schema: 'shop' });
      return [customer, orders({ customer: () => ofCustomer(customer).nullable().index() })];
    },
    course: { asked: ['table public.customers', 'column shop.customers.name'] },
  },
  {
    name: 'tables of the same name in two schemas',
    setup: [`create schema shop`],
    before: () => [
      orders(),
      entity(
        'ShopOrder',
        { id: p.integer().primary(), note: p.text() },
        { tableName: 'orders', schema: 'shop' },
      ),
    ],
    after: () => [
      orders({ note: undefined, remark: p.text().nullable() }),
      entity(
        'ShopOrder',
        { id: p.integer().primary(), label: p.text() },
        { tableName: 'orders', schema: 'shop' },
      ),
    ],
    course: { asked: ['column public.orders.note', 'column shop.orders.note'] },
  },
  {
    name: 'odd names: quotes, spaces and signs',
    before: () => [
      orders(
        { odd: p.integer().fieldName('it\'s "odd": $1 ?'), gone: p.text().fieldName('so `that` ${x}') },
        { tableName: ODD },
      ),
    ],
    after: () => [
      orders(
        {
          odd: p.bigint().fieldName('it\'s "odd": $1 ?'),
          come: p.text().fieldName("a 'b' \\ c"),
          extra: p.string().fieldName('\\ 100% "new"'),
        },
        { tableName: ODD },
      ),
    ],
    author: { values: { 'Order\'s x-1.\\ 100% "new"': "'x'" } },
    course: {
      asked: ["column public.Order's x-1.so `that` ${x}", 'fill public.Order\'s x-1.\\ 100% "new"'],
      written: [
        [
          'ordinary',
          'fill_order_s_x_1__100_new_',
          'require_order_s_x_1__100_new_',
          ...phasesOf('order_s_x_1_it_s_odd_1'),
        ],
      ],
    },
  },
  {
    name: 'keywords as names',
    before: () => [orders({ select: p.integer(), from: p.text() }, { tableName: 'order' })],
    after: () => [
      orders(
        { table: p.integer().index(), from: p.string().length(40), user: p.string() },
        { tableName: 'order' },
      ),
    ],
    author: { values: { 'order.user': "'x'" } },
    course: {
      asked: ['column public.order.select', 'fill public.order.user'],
      written: [['ordinary', 'fill_order_user', 'require_order_user', ...phasesOf('order_from')]],
    },
  },
  {
    name: 'names in capitals and names of other alphabets',
    before: () => [
      orders(
        { größe: p.integer(), createdAt: p.integer().fieldName('createdAt') },
        { tableName: 'Bestellungen' },
      ),
    ],
    after: () => [
      orders(
        { größe: p.bigint(), createdOn: p.integer().fieldName('createdOn'), 名前: p.string() },
        { tableName: 'Bestellungen' },
      ),
    ],
    author: { values: { 'Bestellungen.名前': "'x'" } },
    course: {
      asked: ['column public.Bestellungen.createdAt', 'fill public.Bestellungen.名前'],
      written: [
        ['ordinary', 'fill_bestellungen__', 'require_bestellungen__', ...phasesOf('bestellungen_gr_e')],
      ],
    },
  },
  {
    name: 'a unique property that is renamed, and its relation',
    before: () => {
      const customer = customers({ code: p.string().unique() });
      return [customer, orders({ customer: () => ofCustomer(customer).nullable() })];
    },
    after: () => {
      const customer = customers({ number: p.string().unique() });
      return [customer, orders({ owner: () => ofCustomer(customer, 'owner_id').nullable() })];
    },
    course: { asked: ['column public.customers.code', 'column public.orders.customer_id'] },
  },
  {
    name: 'a dropped property with an index, and an index of the same name',
    before: () => [orders({ s: p.string().nullable() }, { indexes: [{ name: 'ix', properties: ['s'] }] })],
    after: () => [orders({ t: p.string().nullable() }, { indexes: [{ name: 'ix', properties: ['t'] }] })],
    course: { asked: ['column public.orders.s'] },
  },
  {
    name: 'an embedded object with another prefix',
    before: () => [orders({ addr_street: p.text(), addr_zip: p.text() })],
    after: () => [orders({ home_street: p.text(), home_zip: p.text() })],
    course: { asked: ['column public.orders.addr_street', 'column public.orders.addr_zip'] },
  },
];
