-- An accounting system that has grown for years: numeric amounts, char codes, inheritance, rules, shared sequences.
create schema ledger;
set search_path = ledger, public;

create domain amount as numeric(14,2);
create sequence document_number;

create table currency (code char(3) primary key, name varchar(40) not null, digits smallint not null default 2);
create table account (
  number char(8) primary key,
  name varchar(80) not null,
  kind char(1) not null check (kind in ('A', 'L', 'E', 'R')),
  currency char(3) not null references currency,
  opened date not null,
  balance amount not null default 0
);
create table period (id smallint primary key, starts date not null, ends date not null, closed_at timestamp, check (ends > starts));
create table document (
  id integer primary key default nextval('document_number'),
  period_id smallint references period,
  reference varchar(40),
  booked_at timestamp not null default localtimestamp,
  booked_by varchar(63) not null default current_user,
  scan bytea
);
create table invoice (due_date date, paid boolean not null default false) inherits (document);
create table entry (
  id bigserial primary key,
  document_id integer not null,
  account_number char(8) not null references account,
  debit amount,
  credit amount,
  rate numeric(12,6) not null default 1,
  text varchar(140),
  check (num_nonnulls(debit, credit) = 1)
);
create index on entry (account_number, document_id);
create index on entry (document_id) include (debit, credit);
create table exchange_rate (
  currency char(3) not null references currency,
  day date not null,
  rate double precision not null,
  source inet,
  network cidr,
  primary key (currency, day)
);
create table archive (id integer primary key, document_id integer not null default nextval('document_number'), payload json, stored_at varchar(25));
create rule no_delete as on delete to archive do instead nothing;
create table import_line (line integer, raw varchar(2000), imported_at timestamp);
create table setting (key varchar(60) primary key, value varchar(400) collate "C", changed_at timestamp);

create view balances as
  select a.number, a.name, sum(coalesce(e.debit, 0) - coalesce(e.credit, 0)) as balance
  from account a left join entry e on e.account_number = a.number group by a.number, a.name;
create view open_invoices as select id, reference, due_date from invoice where not paid;
create statistics entry_accounts on account_number, document_id from entry;
create publication to_warehouse for table ledger.entry, ledger.account;
