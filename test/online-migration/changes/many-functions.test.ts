import { expect, it } from '@jest/globals';
import { bodyObstacles } from '../../../src/online-migration/attachments/obstacles/body-obstacles.ts';
import { changedColumnOf } from '../../support/changed-column.ts';
import { databasePerTest } from '../../support/tested-database.ts';
import { changeOfPart } from './obstacles/obstacle.ts';

const change = changedColumnOf(changeOfPart());
const RELATIONS = 2_000;
const FUNCTIONS = 300;
const LIMIT = '10s';

const database = databasePerTest(
  `create table part (id bigint primary key, size integer not null) partition by range (id);
   create table part_1 partition of part for values from (0) to (1000)`,
  // A type needs no file, and is in the same catalog as a table.
  `do $$ begin
     for i in 1 .. ${RELATIONS} loop execute format('create type other_%s as (n integer)', i); end loop;
     for i in 1 .. ${FUNCTIONS} loop
       execute format('create function f_%s() returns void language plpgsql as %L',
         i, 'begin /* ' || repeat('Long body. ', 500) || '*/ end');
     end loop;
   end $$`,
);
const { client } = database;

it('does not compare every function with every table of the database', async () => {
  await client.rows(
    `create function sizes_of_partition() returns bigint language sql as 'select sum(size) from PART_1'`,
  );
  await client.rows(`set statement_timeout = '${LIMIT}'`);
  expect(await bodyObstacles(client, change, 'size')).toMatchObject([
    {
      code: 'FUNCTION_NAMES_COLUMN',
      message: expect.stringContaining('public.sizes_of_partition()'),
    },
  ]);
});
