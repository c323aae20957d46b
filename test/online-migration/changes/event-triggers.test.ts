import { afterEach, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const change = changeOf('part.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });

const database = databasePerFile(
  `create table part (id bigint primary key, size integer not null check (size > 0))`,
  `create function need_key() returns event_trigger language plpgsql as $$
    begin
      if exists (
        select from pg_event_trigger_ddl_commands() as made
        where made.command_tag = 'CREATE TABLE' and made.schema_name <> 'online_migration'
          and not exists (select from pg_constraint where conrelid = made.objid and contype = 'p')
      ) then raise exception 'a table needs a primary key'; end if;
    end $$`,
  `create event trigger need_key on ddl_command_end execute function need_key()`,
);
const { client } = database;
afterEach(() => client.rows(`drop event trigger need_key`));

it('an event trigger that rejects the trial is named, and the change runs when it passes temporary tables', async () => {
  await expect(database.runPhases(change, [expand])).rejects.toMatchObject(
    refusedWith(
      'OBSTACLES',
      /on a temporary table, and an event trigger rejects that: a table needs a primary key\. Let the event trigger pass/,
    ),
  );
  await client.rows(`
    do $$ begin
      execute replace(pg_get_functiondef('need_key'::regproc), '<> ''online_migration''', 'not in (''online_migration'', ''pg_temp'')');
    end $$`);
  await database.runPhases(change, [...PHASES.up, ...PHASES.down]);
  expect(
    await client.value(
      `select format_type(atttypid, null) from pg_attribute where attrelid = 'part'::regclass and attname = 'size'`,
    ),
  ).toBe('integer');
});
