import { defineEntity, p } from '@mikro-orm/core';
import { type Edit, unsafe } from './edit.ts';
import { customers, orders } from './entities.ts';

const address = (isNullable: boolean) => {
  const text = () => (isNullable ? p.string().nullable() : p.string());
  return defineEntity({
    name: 'Address',
    embeddable: true,
    properties: { street: text(), zip: text() },
  });
};

/** New, dropped and renamed properties, and their defaults. */
export const COLUMN_EDITS: readonly Edit[] = [
  {
    name: 'a nullable property',
    before: () => [orders()],
    after: () => [orders({ extra: p.string().nullable() })],
  },
  {
    name: 'a required property without a default',
    before: () => [orders()],
    after: () => [orders({ extra: p.string() })],
    refused: unsafe(/`, or with a default; .*this\.fill\(.*, and set it not null/),
  },
  {
    name: 'a required property with a constant default',
    before: () => [orders()],
    after: () => [orders({ extra: p.string().default('x') })],
  },
  {
    name: 'a required property with a stable default',
    before: () => [orders()],
    after: () => [orders({ extra: p.datetime().defaultRaw('now()') })],
  },
  {
    name: 'a required property with a volatile default',
    before: () => [orders()],
    after: () => [orders({ extra: p.uuid().defaultRaw('gen_random_uuid()') })],
    refused: unsafe(/add extra without a default, set the default in a statement of its own/),
  },
  {
    name: 'an autoincrement property',
    before: () => [orders()],
    after: () => [orders({ seq: p.integer().autoincrement() })],
    refused: unsafe(/set the default to the next value of a sequence/),
  },
  {
    name: 'a boolean property with a default',
    before: () => [orders()],
    after: () => [orders({ active: p.boolean().default(false) })],
  },
  {
    name: 'a nullable property that becomes required',
    before: () => [orders()],
    after: () => [orders({ note: p.text() })],
  },
  {
    name: 'a required property that becomes nullable',
    before: () => [orders()],
    after: () => [orders({ total: p.integer().nullable() })],
  },
  {
    name: 'a default that changes',
    before: () => [orders({ s: p.string().default('a') })],
    after: () => [orders({ s: p.string().default('b') })],
  },
  {
    name: 'a default that is dropped',
    before: () => [orders({ s: p.string().default('a') })],
    after: () => [orders({ s: p.string() })],
  },
  {
    name: 'a property that is dropped',
    before: () => [orders({ s: p.string().nullable() })],
    after: () => [orders()],
  },
  {
    name: 'a required property that is dropped',
    before: () => [orders({ s: p.string() })],
    after: () => [orders()],
    refusedDown: unsafe(/add s without `not null`/),
  },
  {
    name: 'a property that is renamed',
    before: () => [orders()],
    after: () => [orders({ note: undefined, remark: p.text().nullable() })],
  },
  {
    name: 'a property that is renamed and has another type',
    before: () => [orders()],
    after: () => [orders({ note: undefined, remark: p.string().length(50).nullable() })],
    refused: unsafe(/if remark is note under another name, rename it in place of both statements/),
  },
  {
    name: 'a stored generated property',
    before: () => [orders()],
    after: () => [orders({ g: p.integer().generated('(total * 2) stored').nullable() })],
    refused: unsafe(/add g as a plain column that a trigger fills/),
  },
  {
    name: 'a virtual generated property',
    before: () => [orders()],
    after: () => [orders({ g: p.integer().generated('(total * 2) virtual').nullable() })],
    since: 18,
  },
  {
    name: 'an embedded object of nullable properties',
    before: () => [orders()],
    after: () => [orders({ addr: p.embedded(address(true)).nullable() })],
  },
  {
    name: 'an embedded object of required properties',
    before: () => [orders()],
    after: () => [orders({ addr: p.embedded(address(false)) })],
    refused: unsafe(/add addr_street without `not null`.*\n.*add addr_zip without `not null`/),
  },
  {
    name: 'a comment of a column',
    before: () => [orders()],
    after: () => [orders({ note: p.text().nullable().comment('hello') })],
  },
  {
    name: 'a key that becomes an autoincrement',
    before: () => [orders({ id: p.integer().primary().autoincrement(false) })],
    after: () => [orders()],
  },
  {
    name: 'a serial key that becomes an identity',
    before: () => [orders()],
    after: () => [orders({ id: p.integer().primary().generated('identity') })],
    refused: unsafe(/keep the column and its numbers/),
  },
  {
    name: 'a JSON property',
    before: () => [orders()],
    after: () => [orders({ j: p.json().nullable() })],
  },
  {
    name: 'nothing that MikroORM sees: a timestamp with a time zone',
    before: () => [orders({ at: p.datetime().columnType('timestamp(6)') })],
    after: () => [orders({ at: p.datetime().columnType('timestamptz(6)') })],
    isUnseen: true,
  },
  {
    name: 'defaults of several types',
    before: () => [orders(), customers()],
    after: () => [
      orders({
        list: p.array().columnType('text[]').defaultRaw(`'{a,b}'`),
        doc: p.json().defaultRaw(`'{"a": 1}'`),
        day: p.date().defaultRaw(`'2020-01-01'`),
        amount: p.decimal().precision(10).scale(2).default('1.5'),
        flag: p.boolean().default(true).nullable(),
        at: p.datetime(3).defaultRaw('current_timestamp(3)'),
        quoted: p.string().default('so; -- no comment "of" $1 ?'),
      }),
      customers(),
    ],
  },
  {
    name: 'a generated property that is dropped',
    before: () => [orders({ g: p.integer().generated('(total * 2) stored').nullable() })],
    after: () => [orders()],
    refusedDown: unsafe(/add g as a plain column that a trigger fills/),
  },
  {
    name: 'a generated property with another expression',
    before: () => [orders({ g: p.integer().generated('(total * 2) stored').nullable() })],
    after: () => [orders({ g: p.integer().generated('(total * 3) stored').nullable() })],
    refused: unsafe(/add g as a plain column that a trigger fills/),
  },
  {
    name: 'two properties that are renamed, of different types',
    before: () => [orders()],
    after: () => [
      orders({ total: undefined, note: undefined, sum: p.integer(), remark: p.text().nullable() }),
    ],
  },
  {
    name: 'a version of the entity',
    before: () => [orders()],
    after: () => [orders({ version: p.integer().version().default(1) })],
  },
];
