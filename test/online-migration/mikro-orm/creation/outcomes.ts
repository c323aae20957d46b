import { type CreatedEdit, phasesOf } from './created-edit.ts';

/** The edits that need more than one ordinary migration, by their names. */
export const OUTCOMES: Readonly<Record<string, Pick<CreatedEdit, 'author' | 'course'>>> = {
  'a required property without a default': {
    author: { values: { 'orders.extra': "'x'" } },
    course: {
      asked: ['fill public.orders.extra'],
      written: [['ordinary', 'fill_orders_extra', 'require_orders_extra']],
    },
  },
  'a required property with a volatile default': {
    course: { written: [['ordinary', 'fill_orders_extra', 'require_orders_extra']] },
  },
  'an autoincrement property': {
    course: { written: [['ordinary', 'fill_orders_seq', 'require_orders_seq']] },
  },
  'a required property that is dropped': {
    course: {
      written: [['ordinary', 'drop_orders_s']],
      left: ['columns public.orders.s notNull: true, then false'],
    },
  },
  'a property that is renamed': { course: { asked: ['column public.orders.note'] } },
  'a property that is renamed and has another type': {
    course: { asked: ['column public.orders.note'], written: [['ordinary'], phasesOf('orders_remark')] },
  },
  'a stored generated property': { course: { refused: 'up: MIGRATION_UNSAFE' } },
  'a virtual generated property': {
    course: {
      written: [['ordinary'], ['ordinary'], ['ordinary']],
      refused: 'down: MIGRATION_UNSAFE',
      differs: ['migration:check'],
    },
  },
  'an embedded object of required properties': {
    author: { values: { 'orders.addr_street': "'x'", 'orders.addr_zip': "'x'" } },
    course: {
      asked: ['fill public.orders.addr_street', 'fill public.orders.addr_zip'],
      written: [
        [
          'ordinary',
          'fill_orders_addr_street',
          'fill_orders_addr_zip',
          'require_orders_addr_street',
          'require_orders_addr_zip',
        ],
      ],
    },
  },
  'a key that becomes an autoincrement': {
    course: {
      differs: [
        'sequences orders_id_seq owner: orders.id, then nothing',
        'sequences orders_id_seq type: integer, then bigint',
      ],
      left: [
        'sequences orders_id_seq counts: nothing, then from 1 by 1, 1 to its end',
        'sequences orders_id_seq type: nothing, then bigint',
      ],
    },
  },
  'a serial key that becomes an identity': {
    course: {
      left: [
        "columns public.orders.id default: nextval('orders_id_seq'::regclass), then nothing",
        'columns public.orders.id identity: , then a',
      ],
    },
  },
  'nothing that MikroORM sees: a timestamp with a time zone': {
    course: {
      differs: ['columns public.orders.at type: timestamp(6) with time zone, then timestamp with time zone'],
    },
  },
  'a generated property that is dropped': {
    course: {
      refused: 'down: MIGRATION_UNSAFE',
    },
  },
  'a generated property with another expression': { course: { refused: 'up: MIGRATION_UNSAFE' } },
  'two properties that are renamed, of different types': {
    course: { asked: ['column public.orders.total', 'column public.orders.note'] },
  },
  'integer to bigint': { course: { written: [phasesOf('orders_total')] } },
  'a longer varchar': {
    course: {
      left: ['columns public.orders.s type: character varying(50), then character varying(100)'],
    },
  },
  'a longer varchar with an index, a unique constraint and a default': {
    course: {
      left: ['columns public.orders.s type: character varying(50), then character varying(100)'],
    },
  },
  'a shorter varchar': { course: { written: [phasesOf('orders_s')] } },
  'varchar to text': {
    course: {
      left: ['columns public.orders.s type: character varying(50), then text'],
    },
  },
  'a wider numeric': {
    course: {
      left: ['columns public.orders.s type: numeric(10,2), then numeric(12,2)'],
    },
  },
  'a more precise timestamp': {
    course: {
      left: ['columns public.orders.at type: timestamp(0) with time zone, then timestamp(6) with time zone'],
    },
  },
  'a primary key from integer to bigint': { course: { written: [phasesOf('orders_id')] } },
  'a primary key that is referred to, from integer to bigint': {
    course: { written: [[...phasesOf('orders_customer_id'), ...phasesOf('customers_id')]] },
  },
  'uuid to text': { course: { written: [phasesOf('orders_s')] } },
  'a longer varchar of a text enum': { course: { written: [phasesOf('orders_s')] } },
  'another collation': {
    course: {
      written: [],
      differs: [
        'tables orders columns: ["id  -","note  \\"default\\"","s  \\"C\\"","total  -"], then ["id  -","note  \\"default\\"","s  \\"default\\"","total  -"]',
      ],
    },
  },
  'a value at the end of a native enum': { course: { left: ['enums st: ["a","b"], then ["a","b","c"]'] } },
  'a value of a native enum that is a default in the same migration': {
    course: { left: ['enums st: ["a","b"], then ["a","b","c"]'] },
  },
  'nothing that MikroORM sees: a value less in a native enum': {
    course: { written: [], differs: ['enums st: ["a"], then ["a","b"]'] },
  },
  'a value of a native enum that is renamed': {
    course: {
      asked: ['label public.st.b'],
      written: [['ordinary', 'fill_orders_st']],
      differs: ['enums st: ["a","bb"], then ["a","bb","b"]'],
      left: ['enums st: ["a","b"], then ["a","bb","b"]'],
    },
  },
  'text to a native enum': { course: { written: [['ordinary'], phasesOf('orders_st')] } },
  'a unique property with duplicates': { course: { refused: 'up: ROWS_IN_THE_WAY' } },
  'a renamed property with an index': { course: { asked: ['column public.orders.total'] } },
  'a renamed property with a unique constraint': { course: { asked: ['column public.orders.total'] } },
  'a new relation, required': {
    author: { values: { 'orders.customer_id': 'total' } },
    course: {
      asked: ['fill public.orders.customer_id'],
      written: [['ordinary', 'fill_orders_customer_id', 'require_orders_customer_id']],
    },
  },
  'an integer without partners that becomes a relation': { course: { refused: 'up: ROWS_IN_THE_WAY' } },
  'a relation that is renamed': { course: { asked: ['column public.orders.customer_id'] } },
  'a check that rows violate': { course: { refused: 'up: ROWS_IN_THE_WAY' } },
  'a value less in a text enum, of which there are rows': { course: { refused: 'up: ROWS_IN_THE_WAY' } },
  'a renamed text enum': { course: { asked: ['column public.orders.st'] } },
  'an exclusion constraint': { course: { refused: 'up: MIGRATION_UNSAFE' } },
  'a table with another name': { course: { asked: ['table public.orders'] } },
  'an entity that is dropped with the relation to it': {
    course: {
      written: [['ordinary', 'drop_customers']],
      refused: 'down: ROWS_IN_THE_WAY',
    },
  },
  'an entity that is dropped, of which there is a view': { course: { refused: 'up: MIGRATION_UNSAFE' } },
  'partitions of a table': { course: { written: [], refused: 'up: PARTITIONING_CHANGED' } },
  'a composite primary key in place of a simple one': {
    course: {
      differs: [
        'sequences orders_id_seq counts: nothing, then from 1 by 1, 1 to its end',
        'sequences orders_id_seq owner: nothing, then orders.id',
        'sequences orders_id_seq type: nothing, then integer',
      ],
    },
  },
  'renamed parts of another schema, with odd names': {
    course: { asked: ['column Odd Schema.Odd Orders.Odd Number'] },
  },
  'a table in another schema, which MikroORM makes anew': { course: { asked: ['table public.orders'] } },
  'many changes in one migration': {
    course: {
      left: ['columns public.orders.s type: character varying(10), then character varying(20)'],
    },
  },
};
