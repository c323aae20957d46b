import type { Obstacle } from './obstacle.ts';

/** Objects that depend on the column, or belong to it, and are not carried over to the new one. */
export const ATTACHED: readonly Obstacle[] = [
  [
    `create view big as select * from part where size > 9; create table kept (was big[])`,
    'VIEW_NOT_CARRIED',
    /The view public\.big cannot go over by itself: column was of table public\.kept depends on it\./,
  ],
  [
    `alter table part add twice integer generated always as (size * 2) stored`,
    'GENERATED_COLUMN_STORED',
    /The generated column twice is stored, as \(size \* 2\), .* `alter table "public"\."part" alter column "twice" drop expression`\. .* fills it from size or size_new, .* `alter table "public"\."part" drop column "twice", add column "twice" integer generated always as \(size \* 2\) stored` makes it generated again\. That rewrites the table/,
  ],
  [
    `create function f() returns trigger language plpgsql as $$ begin return new; end $$;
     create trigger watch before update of size on part for each row when (new.size > 5) execute function f()`,
    'TRIGGER_NOT_CARRIED',
    /The trigger watch of "public"\."part" cannot go over by itself: it fires before the sync trigger, so its condition .*\. Let it fire after the write, .* `drop trigger "watch" on "public"\."part"`, .* it is `CREATE TRIGGER watch BEFORE UPDATE OF size ON .*`\. If it protects or completes rows, do not drop it\./,
  ],
  [
    `create function f() returns trigger language plpgsql as $$ begin return new; end $$;
     create function is_size(integer) returns boolean language sql immutable as 'select true';
     create trigger "Odd ""watch""" after update on part for each row when (is_size(new.size)) execute function f()`,
    'TRIGGER_NOT_CARRIED',
    /The trigger Odd "watch" of .* by itself: function public\.is_size\(bigint\) does not exist\. Give it a condition/,
  ],
  [
    `create function is_size(integer) returns boolean language sql immutable as 'select true';
     alter table part enable row level security; create policy mine on part using (is_size(size))`,
    'POLICY_NOT_CARRIED',
    /The policy mine of "public"."part" does not fit bigint: function is_size\(bigint\) does not exist\. Give it/,
  ],
  [
    `create function is_size(integer) returns boolean language sql immutable as 'select true';
     create table note (size integer); alter table note enable row level security;
     create policy theirs on note using (exists (select from part where is_size(part.size)))`,
    'POLICY_NOT_CARRIED',
    /The policy theirs of public\.note does not fit bigint: function public\.is_size\(bigint\) does not exist\. Give it/,
  ],
  [
    `create table box (size integer);
     create rule "Odd ""rule""" as on insert to box do also update part set size = new.size where id = 1`,
    'DEPENDENT_OBJECT',
    /rule Odd "rule" on table box depends on size and cannot go over by itself\. Drop it, `drop rule "Odd ""rule""" on box`, and create it again when the change is done: `CREATE RULE "Odd ""rule""" AS ON INSERT TO public\.box DO +UPDATE part SET size = new\.size WHERE \(part\.id = 1\)`\./,
  ],
  [
    `create statistics sizes on name, size from part`,
    'STATISTICS_NOT_CARRIED',
    /The extended statistics public\.sizes cannot be made for point: the type has no order\. Drop them/,
    { to: 'point' },
  ],
  [
    `create function half(integer) returns integer language sql immutable as 'select $1 / 2';
     create statistics sizes on half(size), name from part`,
    'STATISTICS_NOT_CARRIED',
    /The extended statistics public\.sizes cannot be made for bigint: function half\(bigint\) does not exist\. Drop them/,
  ],
  [
    `alter table part add exclude using btree (size with =)`,
    'INDEX_NOT_CARRIED',
    /part_size_excl cannot go over by itself: it is an exclusion constraint/,
  ],
  [
    `alter table part add unique (size) deferrable`,
    'INDEX_NOT_CARRIED',
    /part_size_key cannot go over by itself: its constraint is deferrable/,
  ],
  [
    // As a provider of labels would write it; it makes them out of `security label`.
    `set allow_system_table_mods = on;
     insert into pg_seclabel (objoid, classoid, objsubid, provider, label)
     values ('part'::regclass, 'pg_class'::regclass, 3, 'anon', 'MASKED WITH VALUE 0');
     reset allow_system_table_mods`,
    'SECURITY_LABEL',
    /size has a security label of anon, which it would lose/,
  ],
  [
    `create index sizes on part (size)`,
    'INDEX_WITHOUT_ORDER',
    /The index sizes cannot be made for point: btree has no order for it/,
    { to: 'point' },
  ],
  [
    `create table whole (id integer primary key); alter table part add foreign key (size) references whole`,
    'FOREIGN_KEY_NOT_COMPARABLE',
    /part_size_fkey of public\.part compares it with a integer, which is not comparable with text/,
    { to: 'text' },
  ],
];
