-- A messenger: large tables with few dependents, times as integers, flags as smallint, arrays, a table without a key.
create schema messages;
set search_path = messages, public;

create type channel_kind as enum ('direct', 'group', 'broadcast');

create table person (
  id bigint primary key,
  handle varchar(32) not null,
  display_name varchar(64),
  bio varchar(300),
  device_ids integer[] not null default '{}',
  reputation real not null default 0,
  created_at integer not null,
  deleted smallint not null default 0
);
create unique index person_handle_idx on person (lower(handle));
create table channel (
  id bigint primary key,
  kind channel_kind not null,
  topic varchar(250),
  owner_id bigint references person,
  settings json not null default '{}',
  created_at integer not null
);
create table channel_member (
  channel_id bigint not null references channel,
  person_id bigint not null references person,
  joined_at integer not null,
  muted_until bigint,
  unread integer not null default 0,
  primary key (channel_id, person_id)
);
create table message (
  id bigint primary key,
  channel_id bigint not null,
  author_id bigint not null,
  body text,
  kind smallint not null default 0,
  reply_to bigint,
  payload_json text,
  sent_at bigint not null,
  edited_at bigint
);
create index on message (channel_id, sent_at desc);
create index on message (author_id) where reply_to is not null;
create table reaction (message_id bigint not null, person_id bigint not null, emoji varchar(16) not null, at timestamp not null default now(), primary key (message_id, person_id, emoji));
create table read_mark (person_id bigint, channel_id bigint, message_id bigint, at timestamp);
create table event_log (at timestamp not null default now(), level smallint not null, source varchar(60), message varchar(4000), context json);
create table push_token (token varchar(200) primary key, person_id bigint not null references person, platform varchar(10) not null, created_at timestamp not null);
create table file (id bigint primary key, sha char(64) not null, mime varchar(100), bytes integer not null, width smallint, height smallint, stored_at timestamptz not null);
create table job (id bigserial primary key, queue varchar(50) not null, payload json not null, attempts smallint not null default 0, run_at timestamp not null, failed_at timestamp, error varchar(2000));
create index on job (queue, run_at) where failed_at is null;
