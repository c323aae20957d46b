import { FRACTION, RANGE, type Theme } from './tables.ts';

/** The tables that the application uses. */
export type LoadedTable = 'customers' | 'totals' | 'orders' | 'sales' | 'events' | 'visits' | 'visits_new';

/** A statement and its values. */
export interface Request {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** The statements of one table. A client has rows of its own, so that no two clients wait for each other's rows. */
interface TableRequests {
  /** The key of one of the rows that are there from the beginning, by a number between 0 and 1. */
  readonly keyOf: (random: number, rows: number) => number;
  readonly read: (key: number) => Request;
  /** Undefined for a view. */
  readonly update?: (key: number, text: string) => Request;
  /** @param number one that no row has */
  readonly insert?: (number: number, some: number) => Request;
}

const keyOf = (random: number, rows: number) => 1 + Math.floor(random * (rows - 1));
/** Keys in the ranges from `first` on, each of which has its rows at its beginning. */
const keyInRanges = (ranges: readonly number[], fraction: number) => (random: number, rows: number) => {
  const place = random * ranges.length;
  return ranges[Math.floor(place)]! * RANGE + keyOf(place % 1, rows / fraction);
};

const ofPartitioned = (
  table: 'events' | 'visits' | 'visits_new',
  ranges: readonly number[],
  fraction: number,
): TableRequests => ({
  keyOf: keyInRanges(ranges, fraction),
  read: (key) => ({ sql: `select id, note from ${table} where id = $1`, values: [key] }),
  update: (key, text) => ({ sql: `update ${table} set note = $2 where id = $1`, values: [key, text] }),
  insert: (number, some) => ({
    sql: `insert into ${table} (id, kind, customer_id, note) values ($1, 1, $2, 'new')`,
    values: [ranges[number % ranges.length]! * RANGE + (RANGE / 2 + number), 1 + (number % some)],
  }),
});

/** The requests by table. They name no column that a migration takes away. */
export const REQUESTS: Readonly<Record<LoadedTable, TableRequests>> = {
  customers: {
    keyOf: (random, rows) => keyOf(random, rows / FRACTION.customers),
    read: (key) => ({ sql: `select id, name from customers where id = $1`, values: [key] }),
    update: (key, text) => ({ sql: `update customers set name = $2 where id = $1`, values: [key, text] }),
    insert: (number) => ({
      sql: `insert into customers (id, name) values ($1, 'new')`,
      values: [RANGE + number],
    }),
  },
  orders: {
    keyOf,
    read: (key) => ({ sql: `select id, note, state from orders where id = $1`, values: [key] }),
    update: (key, text) => ({
      sql: `update orders set note = $2, state = 'paid' where id = $1`,
      values: [key, text],
    }),
    insert: (number, some) => ({
      sql: `insert into orders (note, state, customer_id, code, amount) values ('new', 'new', $2, $1, 1)`,
      values: [RANGE + number, 1 + (number % some)],
    }),
  },
  sales: {
    keyOf,
    read: (key) => ({ sql: `select id, order_id from sales where id = $1`, values: [key] }),
    update: (key) => ({ sql: `update sales set place = place + 1 where id = $1`, values: [key] }),
    insert: (number, some) => ({
      sql: `insert into sales (id, order_id, customer_id) values ($1, $2, $2)`,
      values: [RANGE + number, 1 + (number % some)],
    }),
  },
  totals: {
    keyOf: (random, rows) => keyOf(random, rows / FRACTION.customers),
    read: (key) => ({ sql: `select count from totals where customer_id = $1`, values: [key] }),
  },
  events: ofPartitioned('events', [0, 1, 2], 4),
  visits: ofPartitioned('visits', [0, 3], FRACTION.visitsRest),
  visits_new: ofPartitioned('visits_new', [1], 1),
};

/** The tables of a theme. */
export const LOADED: Readonly<Record<Theme, readonly LoadedTable[]>> = {
  orders: ['customers', 'orders', 'sales', 'totals'],
  partitions: ['customers', 'events', 'visits', 'visits_new'],
};
