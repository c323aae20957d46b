import type { Obstacle } from './obstacle.ts';

const triggerFunction = (statement: string) =>
  `create function audit() returns trigger language plpgsql as $$ begin ${statement}; return null; end $$;
   create trigger audit after update on part for each row execute function audit()`;

/** Functions whose bodies PostgreSQL keeps as text. */
export const OF_BODIES: readonly Obstacle[] = [
  [
    triggerFunction(`if new.Size > 9 then raise warning 'big'; end if`),
    'FUNCTION_NAMES_COLUMN',
    /The trigger function public\.audit\(\) of part names size: from contract on, .* add 'public\.audit\(\)' to `reviewed`/,
  ],
  [
    triggerFunction(`insert into history values ((new).*)`),
    'FUNCTION_TAKES_WHOLE_ROWS',
    /The trigger function public\.audit\(\) of part takes all columns of a row .* add 'public\.audit\(\)' to `reviewed`/,
  ],
  [
    triggerFunction(`insert into history select * from part where id = new.id`),
    'FUNCTION_TAKES_WHOLE_ROWS',
    /The trigger function public\.audit\(\) of part takes all columns of a row/,
  ],
  [
    `drop table part; create table part (id bigint primary key, size integer not null) partition by list (id);
     create table first partition of part for values in (1); ${triggerFunction('perform new.size').replace('on part', 'on first')}`,
    'FUNCTION_NAMES_COLUMN',
    /The trigger function public\.audit\(\) of part names size/,
  ],
  [
    `create type shade as enum ('dark');
     create function total(smallest integer, of_shade shade) returns bigint language plpgsql as
     $$ begin return (select sum("size") from PART where id > smallest); end $$`,
    'FUNCTION_NAMES_COLUMN',
    /The function public\.total\(integer, public\.shade\), which uses part, names size: .* add 'public\.total\(integer, public\.shade\)' to `reviewed`/,
  ],
  [
    `create function label(part) returns text language plpgsql as $$ begin return $1.size; end $$`,
    'FUNCTION_NAMES_COLUMN',
    /The function public\.label\(public\.part\), which uses part, names size/,
  ],
  [
    `create function all_parts() returns table (id bigint, name text, width integer) language plpgsql as
     $$ begin return query select p.* from part p; end $$`,
    'FUNCTION_TAKES_WHOLE_ROWS',
    /The function public\.all_parts\(\), which uses part, takes all columns of a row/,
  ],
  [
    `create type pair as (id bigint, name text, width integer);
     create function pairs() returns setof pair language sql as 'select * from part'`,
    'FUNCTION_TAKES_WHOLE_ROWS',
    /The function public\.pairs\(\), which uses part, takes all columns of a row/,
  ],
  [
    `create function records() returns setof record language sql as 'select p.* from part p'`,
    'FUNCTION_TAKES_WHOLE_ROWS',
    /The function public\.records\(\), which uses part, takes all columns of a row/,
  ],
  [
    `alter table part add words tsvector, alter size type text;
     create trigger "To words" before insert or update on part
     for each row execute function tsvector_update_trigger(words, 'pg_catalog.english', name, size)`,
    'TRIGGER_ARGUMENT',
    /The trigger "To words" of part has size among its arguments: from contract on, .* add 'trigger To words' to `reviewed`/,
    {
      from: 'text',
      to: 'varchar(9)',
      conversion: { forward: (value) => value, backward: (value) => value },
    },
  ],
  [
    `alter table part rename size to "to-size";
     create function widest() returns bigint language plpgsql as $$ begin return (select max("to-size") from part); end $$`,
    'FUNCTION_NAMES_COLUMN',
    /The function public\.widest\(\), which uses part, names to-size/,
    { column: 'to-size' },
  ],
];
