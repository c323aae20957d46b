import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { changeOf } from '../../support/change-of.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';

export const change = changeOf('part.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });

export const TABLE = `create table part (
  id bigint generated always as identity primary key, n bigint not null, name text, size integer not null
)`;
export const ROWS = `insert into part (n, name, size) select n, 'part ' || n, n from generate_series(1, 200) as n`;
export const WHOLE = `create table whole (id integer primary key); insert into whole select n from generate_series(0, 1000) as n`;

// A row that violates a check which is not validated cannot be updated, so a backfill could not fill it.
export const CHECKS = [
  `alter table part add constraint positive check (size >= 0)`,
  `alter table part add constraint "Odd ""check""" check (size >= 0 and name is distinct from 'size');
   comment on constraint "Odd ""check""" on part is 'it''s odd'`,
  `alter table part add check (size < 2000 or n > size) no inherit`,
  `alter table part add constraint formerly check (size <> 5000) not valid`,
  `create function is_size(integer) returns boolean language sql immutable as 'select $1 >= 0';
   create function is_size(bigint) returns boolean language sql immutable as 'select $1 >= 0';
   alter table part add constraint sized check (is_size(size))`,
];
export const INDEXES = [
  `create index halved on part ((size / 2)); comment on index halved is 'half of it'`,
  `create index large on part (name) where size > 9`,
  `create unique index including on part (id) include (size)`,
  `create index patterned on part (size, name text_pattern_ops)`,
  `create index collated on part (size, name collate "C" desc)`,
  `create index loose on part (size) with (fillfactor = 50)`,
  `create unique index "Odd USING btree (" on part (n, (size + 1) desc nulls last) where size <> 7 and name <> ' WHERE size'`,
  `create index pages on part using brin (size, n) with (pages_per_range = 4)`,
  `create unique index keyed on part (id, size) include (name);
   alter table part add constraint keyed unique using index keyed`,
  `create unique index identity on part (id, size); alter table part replica identity using index identity`,
  `create index ordered on part (size); alter table part cluster on ordered`,
];
export const FOREIGN_KEYS = [
  `${WHOLE}; alter table part add foreign key (size) references whole on update cascade on delete cascade`,
  `${WHOLE}; alter table part add foreign key (size) references whole match full on update set default on delete set default`,
  `${WHOLE}; alter table part add foreign key (size) references whole deferrable`,
  `${WHOLE}; alter table part add foreign key (size) references whole deferrable initially deferred`,
  ...(SERVER_MAJOR >= 15
    ? [
        `create table whole (id integer, name text, primary key (id, name));
         insert into whole select n, 'whole' from generate_series(0, 1000) as n; alter table part add whole text;
         alter table part add foreign key (size, whole) references whole on delete set null (whole)`,
      ]
    : []),
  ...(SERVER_MAJOR >= 18
    ? [`${WHOLE}; alter table part add foreign key (size) references whole not enforced`]
    : []),
];
export const POLICIES = [
  `alter table part enable row level security; create policy mine on part using (size < 9000)`,
  `create policy "Odd ""policy""" on part as restrictive for insert to pg_monitor, public with check (size >= 0)`,
  `create table member (part bigint, role name); alter table part enable row level security;
   create policy of_members on part for update using (
     size < 0 or exists (select from member m where m.part = part.id and part.size > 0)
   ) with check (size < 9000 or current_setting('app.role', true) = name)`,
];
export const STATISTICS = [
  `create statistics sizes on name, size from part; alter statistics sizes set statistics 50;
   comment on statistics sizes is 'it''s known'`,
  `create statistics "Odd ""sizes""" (dependencies, mcv) on n, size from part`,
];
export const TRIGGERS = [
  `create function pass() returns trigger language plpgsql as $$ begin return new; end $$;
   create trigger of_size before insert or update of size on part for each row execute function pass()`,
  `create constraint trigger "Odd ""trigger""" after update of n, size on part deferrable
   for each row when (old.size is distinct from new.size or new.size > 9) execute function pass()`,
];
export const OTHERS = [
  `grant select (size), update (size, name) on part to public; grant select (size) on part to pg_monitor with grant option`,
  ...(SERVER_MAJOR >= 18 ? [`alter table part add constraint lax check (size <> 3) not enforced`] : []),
];
