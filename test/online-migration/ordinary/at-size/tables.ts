/** The databases of the cases: tables with plain rows, and partitioned tables. */
export type Theme = 'orders' | 'partitions';

/** Rows of the smaller tables beside each large one. */
export const FRACTION = { customers: 10, visitsRest: 4 } as const;

/** The smallest keys of the partitions of `events` and `visits`, and of rows that are inserted later. */
export const RANGE = 500_000_000;

const customers = (rows: number) => [
  `create table customers (id int not null, name text not null, rank int null)`,
  `insert into customers select n, 'customer ' || n, 1 from generate_series(1, ${rows / FRACTION.customers}) n`,
  `alter table customers add primary key (id)`,
];

/**
 * Statements that make the tables of a theme.
 * @param rows of each large table
 */
export function tablesOf(theme: Theme, rows: number): string[] {
  return [...customers(rows), ...(theme === 'orders' ? orders(rows) : partitions(rows)), `vacuum analyze`];
}

function orders(rows: number): string[] {
  const some = rows / FRACTION.customers;
  return [
    `create type order_kind as enum ('retail', 'trade')`,
    `create domain positive as int check (value > 0)`,
    `create table orders (
      id serial not null, total int not null default 0, note text null, state text not null, customer_id int null,
      label varchar(50) null, code int not null, amount int null, kind order_kind not null default 'retail', owner_id int null
    )`,
    `insert into orders (total, note, state, customer_id, label, code, amount, owner_id)
      select n, 'note ' || n, 'new', 1 + n % ${some}, 'label', n, n, 1 + n % ${some} from generate_series(1, ${rows}) n`,
    `alter table orders add primary key (id)`,
    `alter table orders add constraint orders_state_check check (state in ('new', 'paid'))`,
    `create index orders_total_index on orders (total)`,
    `create function touch() returns trigger language plpgsql as $$ begin return new; end $$`,
    `create trigger touch before update of total on orders for each row execute function touch()`,
    `create materialized view totals as select customer_id, count(*) from orders group by 1`,
    `create unique index totals_customer_id on totals (customer_id)`,
    `create type pair as (a int, b int)`,
    `create table pairs of pair`,
    `insert into pairs select n, n from generate_series(1, ${rows}) n`,
    `create table sales (id int not null, order_id int not null, customer_id int null, place positive null)`,
    `insert into sales select n, n, 1 + n % ${some}, n from generate_series(1, ${rows}) n`,
    `create index sales_id_index on sales (id)`,
    `alter table sales add constraint sales_order_id_foreign foreign key (order_id) references orders (id)`,
    `alter table sales add constraint sales_customer_id_foreign foreign key (customer_id) references customers (id) on delete set null`,
  ];
}

function partitions(rows: number): string[] {
  const some = rows / FRACTION.customers;
  const columns = `id int not null, kind int not null, customer_id int null, note text null`;
  const values = (from: number, count: number) =>
    `select ${from} + n, n % 5, 1 + n % ${some}, 'note ' || n from generate_series(1, ${count}) n`;
  return [
    `create table events (${columns}) partition by range (id)`,
    ...[0, 1, 2, 3].flatMap((number) => [
      `create table events_${number} partition of events for values from (${number * RANGE}) to (${(number + 1) * RANGE})`,
      `insert into events ${values(number * RANGE, rows / 4)}`,
    ]),
    `create index events_id_index on events (id)`,
    `create table visits (${columns}) partition by range (id)`,
    `create table visits_old partition of visits for values from (0) to (${RANGE})`,
    `create table visits_rest partition of visits default`,
    `insert into visits ${values(0, rows)}`,
    `insert into visits ${values(3 * RANGE, rows / FRACTION.visitsRest)}`,
    `create index visits_id_index on visits (id)`,
    `create table visits_new (${columns})`,
    `insert into visits_new ${values(RANGE, rows)}`,
    `create index visits_new_id_index on visits_new (id)`,
  ];
}
