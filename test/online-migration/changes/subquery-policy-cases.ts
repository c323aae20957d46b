import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { changeOf } from '../../support/change-of.ts';

/** Members of teams, whom policies of other tables look up. */
export const MEMBERS = [
  `drop schema if exists "Odd ""schema""" cascade`,
  `create table membership (id bigint primary key, team_id integer not null, user_id integer not null)`,
  `insert into membership select n, n % 10, n from generate_series(1, 200) as n`,
  `create table document (id bigint primary key, team_id integer not null, author integer)`,
  `insert into document select n, n % 10, n from generate_series(1, 100) as n`,
];

const USER = `current_setting('app.user_id', true)::integer`;

/** A policy as an application with teams has it. */
export const OWN = `create policy own on document using (
  exists (select from membership m where m.team_id = document.team_id and m.user_id = ${USER})
)`;

/** Policies that read `user_id` in a subquery, with their tables. */
export const POLICIES = [
  OWN,
  `create policy written on document as restrictive for insert to pg_monitor, public with check (
     author in (select coalesce(user_id, 0) from membership)
   )`,
  // With a table of the same name in another schema, which has a policy of an odd name.
  `create schema "Odd ""schema""";
   create table "Odd ""schema""".membership (id bigint primary key, user_id integer);
   create policy "Odd ""policy""" on "Odd ""schema""".membership for update using (
     user_id < 0 or exists (
       select from public.membership where membership.user_id = "Odd ""schema""".membership.user_id and membership.team_id <> 7
     )
   ) with check (user_id < 9000 and (select max(m.user_id) from public.membership m) > 0)`,
  `create function is_user(integer) returns boolean language sql stable as 'select $1 = 1';
   create function is_user(bigint) returns boolean language sql stable as 'select $1 = 1';
   create function is_kept(document) returns boolean language sql stable as 'select $1.id > 0';
   create policy asked on document as restrictive using (
     is_kept(document) and (select bool_or(is_user(m.user_id)) from membership m)
   )`,
  `create table "Odd ""note""" (id bigint, date integer);
   create policy joined on "Odd ""note""" using (
     exists (select from "Odd ""note""" n join membership m on m.user_id = n.date join document d on d.team_id = m.team_id where n.id = d.id)
   )`,
  `create table login (user_id integer, at timestamptz);
   create policy by_using on login using (exists (select from login l join membership using (user_id) where user_id = login.user_id))`,
  `create policy grouped on document for select using (
     author in (select m.id from membership m group by m.id having m.user_id > 0)
   )`,
  // Of the table itself: one reads its other rows, one the row alone and another table.
  `create policy mine on membership using (team_id in (select m.team_id from membership m where m.user_id = membership.user_id))`,
  `create policy paired on membership for update using (user_id < 9000 and exists (select from document d where d.team_id = membership.team_id))`,
  `create table part_of (id bigint, user_id integer) partition by list (id);
   create table part_of_1 partition of part_of default;
   create policy whole on part_of using (user_id = (select m.user_id from membership m where m.id = part_of.id));
   create policy part on part_of_1 using (user_id in (select m.user_id from membership m))`,
];

export const change = changeOf('membership.user_id', {
  from: 'integer',
  to: 'bigint',
  conversion: integerToBigint,
});
