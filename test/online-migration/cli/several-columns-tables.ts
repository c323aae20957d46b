/** Tables for changes of several columns, with odd names, checks and indexes over several columns, and keys. */
export const TABLES = [
  `create table orders (
    id bigint generated always as identity primary key,
    "Created At" varchar(50) not null,
    updated_at timestamp not null default now(),
    deleted_at timestamp,
    constraint in_order check (deleted_at is null or deleted_at >= updated_at)
  )`,
  `create index orders_times on orders ("Created At", updated_at)`,
  `create index orders_deleted on orders (deleted_at) where deleted_at is not null`,
  `create table "Line ""Items""" (
    "Order" integer not null, no smallint not null, amount integer not null default 1, price numeric(8,2), primary key ("Order", no)
  )`,
  `create index on "Line ""Items""" (amount, no)`,
  `create table place (id bigint primary key, "€" macaddr, "£" macaddr, area tsquery not null default 'a', size boolean)`,
  `insert into place values (1, '08:00:2b:01:02:03', null, default, true), (2, null, '08:00:2b:01:02:04', default, false)`,
  `create table account (id integer primary key, owner_id integer not null, age integer, visits integer not null)`,
  `create table entry (id bigserial primary key, account_id integer not null references account (id))`,
  `create table quick (id bigint primary key, code varchar(5), label varchar(10), stamp timestamp, total text)`,
  `create index quick_both on quick (code, label)`,
];
