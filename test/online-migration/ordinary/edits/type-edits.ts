import { p } from '@mikro-orm/core';
import { type Edit, unsafe } from './edit.ts';
import { customers, ofCustomer, orders } from './entities.ts';

const REWRITES = /`npx online-migration new --table public\.orders --column/;

/** Orders that refer to customers with this key. */
const referring = (id: unknown) => {
  const customer = customers({ id });
  return [customer, orders({ customer: () => ofCustomer(customer).nullable() })];
};

/** Other types, and native enums. */
export const TYPE_EDITS: readonly Edit[] = [
  {
    name: 'integer to bigint',
    before: () => [orders()],
    after: () => [orders({ total: p.bigint() })],
    refused: unsafe(REWRITES),
  },
  {
    name: 'a longer varchar',
    before: () => [orders({ s: p.string().length(50) })],
    after: () => [orders({ s: p.string().length(100) })],
    refusedDown: unsafe(REWRITES),
  },
  {
    name: 'a longer varchar with an index, a unique constraint and a default',
    before: () => [orders({ s: p.string().length(50).index().unique().default('s') })],
    after: () => [orders({ s: p.string().length(100).index().unique().default('s') })],
    refusedDown: unsafe(REWRITES),
  },
  {
    name: 'a shorter varchar',
    before: () => [orders({ s: p.string().length(50) })],
    after: () => [orders({ s: p.string().length(20) })],
    refused: unsafe(REWRITES),
  },
  {
    name: 'varchar to text',
    before: () => [orders({ s: p.string().length(50) })],
    after: () => [orders({ s: p.text() })],
    refusedDown: unsafe(REWRITES),
  },
  {
    name: 'a wider numeric',
    before: () => [orders({ s: p.decimal().precision(10).scale(2) })],
    after: () => [orders({ s: p.decimal().precision(12).scale(2) })],
    refusedDown: unsafe(REWRITES),
  },
  {
    name: 'a more precise timestamp',
    before: () => [orders({ at: p.datetime(0) })],
    after: () => [orders({ at: p.datetime(6) })],
    refusedDown: unsafe(REWRITES),
  },
  {
    name: 'a primary key from integer to bigint',
    before: () => [orders()],
    after: () => [orders({ id: p.bigint().primary() })],
    refused: unsafe(REWRITES),
  },
  {
    name: 'a primary key that is referred to, from integer to bigint',
    before: () => referring(p.integer().primary()),
    after: () => referring(p.bigint().primary()),
    refused: unsafe(REWRITES),
  },
  {
    name: 'uuid to text',
    before: () => [orders({ s: p.uuid() })],
    after: () => [orders({ s: p.text() })],
    refused: unsafe(REWRITES),
  },
  {
    name: 'a longer varchar of a text enum',
    before: () => [orders({ s: p.enum(['a', 'b']).columnType('varchar(10)') })],
    after: () => [orders({ s: p.enum(['a', 'b']).columnType('varchar(20)') })],
    refused: unsafe(REWRITES),
  },
  {
    name: 'another collation',
    before: () => [orders({ s: p.text() })],
    after: () => [orders({ s: p.text().collation('C') })],
  },
  {
    name: 'a value at the end of a native enum',
    before: () => [orders({ st: p.enum(['a', 'b']).nativeEnumName('st') })],
    after: () => [orders({ st: p.enum(['a', 'b', 'c']).nativeEnumName('st') })],
  },
  {
    name: 'a value of a native enum that is a default in the same migration',
    before: () => [orders({ st: p.enum(['a', 'b']).nativeEnumName('st') })],
    after: () => [orders({ st: p.enum(['a', 'b', 'c']).nativeEnumName('st').default('c') })],
    needsCommits: true,
  },
  {
    name: 'nothing that MikroORM sees: a value less in a native enum',
    before: () => [orders({ st: p.enum(['a', 'b']).nativeEnumName('st') })],
    after: () => [orders({ st: p.enum(['a']).nativeEnumName('st') })],
    isUnseen: true,
  },
  {
    name: 'a value of a native enum that is renamed',
    before: () => [orders({ st: p.enum(['a', 'b']).nativeEnumName('st') })],
    after: () => [orders({ st: p.enum(['a', 'bb']).nativeEnumName('st') })],
  },
  {
    name: 'a new property of a new native enum',
    before: () => [orders()],
    after: () => [orders({ st: p.enum(['a', 'b']).nativeEnumName('st').default('a') })],
  },
  {
    name: 'a property of a native enum that is dropped with it',
    before: () => [orders({ st: p.enum(['a', 'b']).nativeEnumName('st').nullable() })],
    after: () => [orders()],
  },
  {
    name: 'text to a native enum',
    before: () => [orders({ st: p.text() })],
    after: () => [orders({ st: p.enum(['a', 'b']).nativeEnumName('st') })],
    values: { st: `'a'` },
    refused: unsafe(REWRITES),
  },
];
