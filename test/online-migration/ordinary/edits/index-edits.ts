import { p } from '@mikro-orm/core';
import { type Edit, rowsInTheWay } from './edit.ts';
import { orders } from './entities.ts';

const ix = (...properties: string[]) => ({ name: 'ix', properties });

/** Indexes and unique constraints. */
export const INDEX_EDITS: readonly Edit[] = [
  {
    name: 'an index',
    before: () => [orders()],
    after: () => [orders({ total: p.integer().index() })],
  },
  {
    name: 'a unique property',
    before: () => [orders()],
    after: () => [orders({ total: p.integer().unique() })],
  },
  {
    name: 'a unique property with duplicates',
    before: () => [orders()],
    after: () => [orders({ total: p.integer().unique() })],
    values: { total: 'n / 2' },
    refused: rowsInTheWay(/Rows of public\.orders have the same "total"/),
  },
  {
    name: 'a unique property with nulls',
    before: () => [orders()],
    after: () => [orders({ note: p.text().nullable().unique() })],
    values: { note: `case when n > 10 then 'note ' || n end` },
  },
  {
    name: 'an index of an expression',
    before: () => [orders()],
    after: () => [
      orders(
        {},
        { indexes: [{ name: 'low', expression: 'create index "low" on "orders" (lower("note"))' }] },
      ),
    ],
  },
  {
    name: 'indexes with other methods, conditions, orders and included columns',
    before: () => [orders({ doc: p.json().nullable() })],
    after: () => [
      orders(
        { doc: p.json().nullable() },
        {
          indexes: [
            { name: 'by_gin', properties: ['doc'], type: 'gin' },
            { name: 'by_hash', properties: ['note'], type: 'hash' },
            { name: 'partial', properties: ['total'], where: 'total > 10' },
            { name: 'ordered', columns: [{ name: 'total', sort: 'desc', nulls: 'first' }] },
            { name: 'including', properties: ['total'], include: ['note'] },
          ],
          uniques: [{ name: 'partial_unique', properties: ['total'], where: 'total > 10' }],
        },
      ),
    ],
  },
  {
    name: 'an index that is dropped',
    before: () => [orders({ total: p.integer().index() })],
    after: () => [orders()],
  },
  {
    name: 'a unique constraint that is dropped',
    before: () => [orders({ total: p.integer().unique() })],
    after: () => [orders()],
  },
  {
    name: 'an index of the same name with other columns',
    before: () => [orders({}, { indexes: [ix('total')] })],
    after: () => [orders({}, { indexes: [ix('total', 'note')] })],
  },
  {
    name: 'several indexes with other columns',
    before: () => [
      orders(
        {},
        {
          indexes: [ix('total'), { name: 'two', properties: ['note'] }],
          uniques: [{ name: 'u', properties: ['id', 'total'] }],
        },
      ),
    ],
    after: () => [
      orders(
        {},
        {
          indexes: [ix('total', 'note'), { name: 'two', properties: ['note', 'id'] }],
          uniques: [{ name: 'u', properties: ['total'] }],
        },
      ),
    ],
  },
  {
    name: 'an index that is renamed',
    before: () => [orders({}, { indexes: [ix('total')] })],
    after: () => [orders({}, { indexes: [{ ...ix('total'), name: 'other' }] })],
  },
  {
    name: 'a unique constraint that is renamed',
    before: () => [orders({}, { uniques: [ix('total')] })],
    after: () => [orders({}, { uniques: [{ ...ix('total'), name: 'other' }] })],
  },
  {
    name: 'a renamed property with an index',
    before: () => [orders({ total: p.integer().index() })],
    after: () => [orders({ total: undefined, sum: p.integer().index() })],
  },
  {
    name: 'a renamed property with a unique constraint',
    before: () => [orders({ total: p.integer().unique() })],
    after: () => [orders({ total: undefined, sum: p.integer().unique() })],
  },
  {
    name: 'an index that becomes a unique constraint',
    before: () => [orders({ total: p.integer().index() })],
    after: () => [orders({ total: p.integer().unique() })],
  },
  {
    name: 'a property that is dropped with its indexes',
    before: () => [orders({ s: p.string().nullable().index().unique() })],
    after: () => [orders()],
  },
  {
    name: 'a new property with an index and a unique constraint',
    before: () => [orders()],
    after: () => [orders({ s: p.string().nullable().index().unique() })],
  },
  {
    name: 'a composite unique constraint of a new and an old property',
    before: () => [orders()],
    after: () => [orders({ s: p.string().default('s') }, { uniques: [{ properties: ['s', 'total'] }] })],
  },
  {
    name: 'a deferrable unique constraint',
    before: () => [orders()],
    after: () => [orders({}, { uniques: [{ properties: ['total', 'note'], deferMode: 'deferred' }] })],
  },
];
