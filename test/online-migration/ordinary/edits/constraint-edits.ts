import { type EntitySchema, p } from '@mikro-orm/core';
import { type Edit, rowsInTheWay, unsafe } from './edit.ts';
import { customers, entity, ofCustomer, orders } from './entities.ts';

const LONG = 'a_relation_with_a_name_that_is_longer_than_postgresql_keeps_it';
const positive = (name = 'orders_total_pos', expression = 'total >= 0') => ({
  checks: [{ name, expression }],
});
const withCustomer = (change: (property: ReturnType<typeof ofCustomer>) => unknown): EntitySchema[] => {
  const customer = customers();
  return [customer, orders({ customer: () => change(ofCustomer(customer)) })];
};

/** Foreign keys, checks and text enums. */
export const CONSTRAINT_EDITS: readonly Edit[] = [
  {
    name: 'a new relation, nullable',
    before: () => [customers(), orders()],
    after: () => withCustomer((property) => property.nullable()),
  },
  {
    name: 'a new relation, required',
    before: () => [customers(), orders()],
    after: () => withCustomer((property) => property),
    refused: unsafe(/add customer_id without `not null`/),
  },
  {
    name: 'an integer that becomes a relation',
    before: () => [customers(), orders({ customer_id: p.integer().nullable() })],
    after: () => withCustomer((property) => property.nullable()),
  },
  {
    name: 'an integer without partners that becomes a relation',
    before: () => [customers(), orders({ customer_id: p.integer().nullable() })],
    after: () => withCustomer((property) => property.nullable()),
    values: { customer_id: 'n + 1' },
    refused: rowsInTheWay(/have no partner in public\.customers/),
  },
  {
    name: 'a relation that is no constraint any more',
    before: () => withCustomer((property) => property.nullable()),
    after: () => [customers(), orders({ customer_id: p.integer().nullable() })],
  },
  {
    name: 'a relation with other rules',
    before: () => withCustomer((property) => property),
    after: () => withCustomer((property) => property.deleteRule('cascade').updateRule('cascade')),
  },
  {
    name: 'a relation that becomes required',
    before: () => withCustomer((property) => property.nullable()),
    after: () => withCustomer((property) => property),
  },
  {
    name: 'a relation that becomes deferrable',
    before: () => withCustomer((property) => property),
    after: () => withCustomer((property) => property.deferMode('deferred')),
  },
  {
    name: 'a relation that is dropped',
    before: () => withCustomer((property) => property.nullable().index()),
    after: () => [customers(), orders()],
  },
  {
    name: 'a relation that is renamed',
    before: () => withCustomer((property) => property.nullable().index()),
    after: () => {
      const customer = customers();
      return [customer, orders({ owner: () => ofCustomer(customer, 'owner_id').nullable().index() })];
    },
  },
  {
    name: 'a one-to-one relation',
    before: () => [customers(), orders()],
    after: () => {
      const customer = customers();
      return [customer, orders({ customer: () => p.oneToOne(customer).owner().nullable() })];
    },
  },
  {
    name: 'a relation to the same table',
    before: () => [orders()],
    after: () => {
      const order: EntitySchema = orders({ parent: () => p.manyToOne(order).nullable().index() });
      return [order];
    },
  },
  {
    name: 'two relations with indexes',
    before: () => [customers(), orders({ customer_id: p.integer() })],
    after: () => {
      const customer = customers();
      return [
        customer,
        orders({
          customer: () => ofCustomer(customer).index(),
          payer: () => ofCustomer(customer, 'payer_id').nullable().index(),
        }),
      ];
    },
  },
  {
    name: 'a relation with a long name',
    before: () => [customers(), orders({ [LONG]: p.integer().nullable() })],
    after: () => {
      const customer = customers();
      return [customer, orders({ customer: () => ofCustomer(customer, LONG).nullable().index() })];
    },
  },
  {
    name: 'a relation to a composite key',
    before: () => [
      entity('Place', { row: p.integer().primary(), seat: p.integer().primary() }),
      orders({ place_row: p.integer().nullable(), place_seat: p.integer().nullable() }),
    ],
    after: () => {
      const place = entity('Place', { row: p.integer().primary(), seat: p.integer().primary() });
      return [place, orders({ place: () => p.manyToOne(place).nullable() })];
    },
  },
  {
    name: 'a check',
    before: () => [orders()],
    after: () => [orders({}, positive())],
  },
  {
    name: 'a check that rows violate',
    before: () => [orders()],
    after: () => [orders({}, positive('few', 'total < 100'))],
    refused: rowsInTheWay(/violate the check: correct them\. Among them: id 100;/),
  },
  {
    name: 'a check that is dropped',
    before: () => [orders({}, positive())],
    after: () => [orders()],
  },
  {
    name: 'a check that changes',
    before: () => [orders({}, positive())],
    after: () => [orders({}, positive('orders_total_pos', 'total > 0'))],
  },
  {
    name: 'a new property with a check',
    before: () => [orders()],
    after: () => [orders({ size: p.integer().default(1).check('size > 0') })],
  },
  {
    name: 'a value of a text enum',
    before: () => [orders({ st: p.enum(['a', 'b']) })],
    after: () => [orders({ st: p.enum(['a', 'b', 'c']) })],
  },
  {
    name: 'a value less in a text enum',
    before: () => [orders({ st: p.enum(['a', 'b', 'c']) })],
    after: () => [orders({ st: p.enum(['a', 'b']) })],
  },
  {
    name: 'a value less in a text enum, of which there are rows',
    before: () => [orders({ st: p.enum(['a', 'b', 'c']) })],
    after: () => [orders({ st: p.enum(['a', 'b']) })],
    values: { st: `'c'` },
    refused: rowsInTheWay(/violate the check/),
  },
  {
    name: 'a text enum with other values and another default',
    before: () => [orders({ st: p.enum(['a', 'b']).default('a') })],
    after: () => [orders({ st: p.enum(['a', 'b', 'c']).default('c').nullable() })],
  },
  {
    name: 'text to a text enum',
    before: () => [orders({ st: p.text() })],
    after: () => [orders({ st: p.enum(['a', 'b']) })],
    values: { st: `'a'` },
  },
  {
    name: 'a new text enum with a default',
    before: () => [orders()],
    after: () => [orders({ st: p.enum(['a', 'b']).default('a') })],
  },
  {
    name: 'a renamed text enum',
    before: () => [orders({ st: p.enum(['a', 'b']) })],
    after: () => [orders({ st: undefined, status: p.enum(['a', 'b']) })],
  },
  {
    name: 'an exclusion constraint',
    before: () => [orders()],
    after: () => [
      orders(
        {},
        {
          indexes: [
            {
              name: 'ex',
              expression: `alter table "orders" add constraint "ex" exclude using gist (box(point(id,id), point(id,id)) with &&)`,
            },
          ],
        },
      ),
    ],
    refused: unsafe(/no other way to make an exclusion constraint/),
  },
];
