/** Statements for each rule of ordinary migrations, on the tables of {@link tables}. */
export const RULE_CASES: readonly (readonly [rule: string, statements: readonly string[]])[] = [
  ['index', [`create index orders_note on orders (note)`]],
  ['unique index', [`create unique index orders_total_id on orders (total, id)`]],
  ['dropped index', [`drop index orders_total_index`]],
  [
    'replaced index',
    [`drop index orders_total_index`, `create index orders_total_index on orders (total, note)`],
  ],
  ['unique constraint', [`alter table orders add constraint orders_total_unique unique (total)`]],
  [
    'foreign key',
    [
      `alter table orders add constraint orders_customer_fk foreign key (customer_id) references customers on delete cascade`,
    ],
  ],
  ['check', [`alter table orders add constraint orders_total_check check (total >= 0)`]],
  [
    'replaced check',
    [
      `alter table orders drop constraint orders_state_check`,
      `alter table orders add constraint orders_state_check check (state in ('new', 'paid', 'sent'))`,
    ],
  ],
  ['not null', [`alter table orders alter note set not null`]],
  ['column with a default', [`alter table orders add remark text not null default 'none'`]],
  ['instant type change', [`alter table orders alter label type varchar(100)`]],
  ['dropped column', [`alter table orders drop column label`]],
  ['renamed column', [`alter table orders rename label to title`]],
  ['few rows', [`update customers set name = 'other' where id = 5`, `alter table customers add rank int`]],
  [
    'attached partition',
    [`alter table visits attach partition visits_new for values from (1000000) to (2000000)`],
  ],
  [
    'several',
    [
      `alter table orders add remark text`,
      `create index orders_note on orders (note)`,
      `alter table orders alter note set not null`,
      `alter table orders add constraint orders_customer_fk foreign key (customer_id) references customers`,
      `drop index orders_total_index`,
    ],
  ],
];

/**
 * Statements that make the tables of the cases.
 * @param rows of the large tables
 */
export function tables(rows: number): string[] {
  return [
    `create table customers (id int primary key, name text not null)`,
    `insert into customers select n, 'customer ' || n from generate_series(1, 100) n`,
    `create table orders (
      id int primary key, total int not null, note text null, state text not null, customer_id int null, label varchar(50) null,
      constraint orders_state_check check (state in ('new', 'paid'))
    )`,
    `insert into orders select n, n, 'note ' || n, 'new', 1 + n % 100, 'label' from generate_series(1, ${rows}) n`,
    `create index orders_total_index on orders (total)`,
    `create table visits (id int not null, note text) partition by range (id)`,
    `create table visits_old partition of visits for values from (1) to (1000000)`,
    `create table visits_rest partition of visits default`,
    `create table visits_new (id int not null, note text)`,
    `insert into visits select n, 'visit' from generate_series(1, ${Math.ceil(rows / 10)}) n`,
    `insert into visits values (5000000, 'later')`,
    `insert into visits_new select 1000000 + n, 'visit' from generate_series(1, ${Math.ceil(rows / 10)}) n`,
    `analyze`,
  ];
}
