-- An online shop: enums, amounts, a search column, views for reports, triggers that stamp rows.
create schema shop;
set search_path = shop, public;

create type order_state as enum ('cart', 'placed', 'paid', 'sent', 'returned');
create domain email as varchar(254) check (value like '%@%');

create function stamp() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end $$;

create table customer (
  id serial primary key,
  email email not null unique,
  name varchar(100) not null,
  phone varchar(30),
  newsletter boolean not null default false,
  balance money not null default 0,
  created_at timestamp not null default now(),
  updated_at timestamp
);
create table address (
  id serial primary key,
  customer_id integer not null references customer,
  line varchar(200) not null,
  city varchar(80) not null,
  country char(2) not null default 'DE'
);
create table category (
  id smallint primary key,
  parent_id smallint references category,
  title varchar(80) not null
);
create table product (
  id serial primary key,
  category_id smallint references category,
  sku varchar(40) not null unique,
  title varchar(200) not null,
  description text,
  price numeric(10,2) not null check (price >= 0),
  weight double precision,
  attributes json not null default '{}',
  search tsvector generated always as (to_tsvector('simple', title || ' ' || coalesce(description, ''))) stored,
  updated_at timestamp
);
create index on product using gin (search);
create index on product (lower(title));
create table orders (
  id serial primary key,
  customer_id integer not null references customer,
  address_id integer references address,
  state order_state not null default 'cart',
  total numeric(10,2) not null default 0,
  currency char(3) not null default 'EUR',
  note varchar(500),
  placed_at timestamp,
  updated_at timestamp
);
create index on orders (customer_id, placed_at desc);
create index orders_open_idx on orders (placed_at) where state in ('placed', 'paid');
create table order_line (
  order_id integer not null references orders on delete cascade,
  line smallint not null,
  product_id integer not null references product,
  quantity integer not null check (quantity > 0),
  price numeric(10,2) not null,
  amount numeric(12,2) generated always as (quantity * price) stored,
  primary key (order_id, line)
);
create table stock (
  product_id integer primary key references product,
  quantity integer not null default 0,
  counted_at varchar(50)
);
create table payment (
  id bigint generated always as identity primary key,
  order_id integer not null references orders,
  provider varchar(20) not null,
  reference varchar(64) not null,
  amount money not null,
  answer json,
  paid_at varchar(30) not null,
  unique (provider, reference)
);
create table voucher (
  code varchar(20) primary key,
  percent real,
  valid_until timestamp,
  uses integer not null default 0
);

create trigger stamp before update on customer for each row execute function stamp();
create trigger stamp before update on product for each row execute function stamp();
create trigger stamp before update on orders for each row execute function stamp();

create view open_orders as
  select o.id, o.total, o.placed_at, c.name from orders o join customer c on c.id = o.customer_id where o.state = 'placed';
create materialized view sales_by_day as
  select date_trunc('day', placed_at) as day, sum(total) as total from orders group by 1;
create function order_total(wanted integer) returns numeric language sql stable
  as $$ select sum(quantity * price) from shop.order_line where order_id = wanted $$;
