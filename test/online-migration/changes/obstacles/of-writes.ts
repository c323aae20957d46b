import type { Obstacle } from './obstacle.ts';

const FUNCTION = `create function f() returns trigger language plpgsql as $$ begin new.name := 'x'; return new; end $$`;

/** Triggers and rules that change a row after the sync trigger has run. */
export const OF_WRITES: readonly Obstacle[] = [
  [
    `${FUNCTION}; create trigger "~~last" before insert on part for each row execute function f()`,
    'TRIGGER_FIRES_LATER',
    /The BEFORE trigger "~~last" of part fires behind the sync trigger .* sorts before ~sync_size_insert, with `alter trigger "~~last" on part rename to …`/,
  ],
  [
    `${FUNCTION}; create trigger "übrig" before update of name on part for each row execute function f()`,
    'TRIGGER_FIRES_LATER',
    /The BEFORE trigger "übrig" of part fires behind the sync trigger .* sorts before ~sync_size_update/,
  ],
  [
    `drop table part; create table part (id bigint primary key, size integer not null, name text) partition by list (id);
     create table first partition of part for values in (1);
     ${FUNCTION}; create trigger "~~last" before update on first for each row execute function f()`,
    'TRIGGER_FIRES_LATER',
    /The BEFORE trigger "~~last" of first fires behind the sync trigger/,
  ],
  [
    `create rule quiet as on delete to part do instead nothing`,
    'RULE',
    /The rule quiet rewrites statements on part, .* `drop rule quiet on part`\. Now it is `CREATE RULE quiet AS ON DELETE TO public\.part DO INSTEAD NOTHING`\./,
  ],
];
