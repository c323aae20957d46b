import { describe, expect, it } from '@jest/globals';
import { changedColumnOf } from '../../support/changed-column.ts';
import { bodyObstacles } from '../../../src/online-migration/attachments/obstacles/body-obstacles.ts';
import { databasePerTest } from '../../support/tested-database.ts';
import { changeOfPart } from './obstacles/obstacle.ts';

const change = changedColumnOf(changeOfPart());

const database = databasePerTest(
  `create table part (id bigint primary key, size integer not null, "desc" text)`,
);
const { client } = database;

const triggerFunction = (body: string) =>
  `create function stamp() returns trigger language plpgsql as $$ begin ${body}; return new; end $$;
   create trigger stamp before update on part for each row execute function stamp()`;

describe('expand does not ask about', () => {
  it.each([
    `if new.* is distinct from old.* then raise notice 'changed'; end if`,
    `if (NEW.*) is not distinct from (OLD.*) then return null; end if`,
    `if row(new.*) is distinct from row(old.*) then raise notice 'changed'; end if`,
    `if row(new.*) <> row(old.*) then raise notice 'changed'; end if`,
    `perform to_jsonb(new.*), row_to_json(old.*)`,
  ])('a trigger that takes the row as a whole: %s', async (body) => {
    await client.rows(triggerFunction(body));
    expect(await bodyObstacles(client, change, 'size')).toEqual([]);
  });

  it('a function that names a column of that name of another table', async () => {
    await client.rows(`create table box (size integer)`);
    await client.rows(
      `create function largest() returns integer language sql as 'select max(size) from box'`,
    );
    expect(await bodyObstacles(client, change, 'size')).toEqual([]);
  });

  it('keywords, if the table or the column is called like one', async () => {
    await client.rows(`alter table part rename to "order"; create table box (size integer)`);
    await client.rows(
      `create function sizes() returns setof integer language sql as 'select size from box order by size desc'`,
    );
    const ofOrder = { ...change, table: { schema: 'public', name: 'order' } };
    expect(await bodyObstacles(client, ofOrder, 'size')).toEqual([]);
    await client.rows(
      `create function rows() returns setof integer language sql as 'select size from "order" order by size desc';
       create function more() returns setof bigint language plpgsql as $$ begin return query select o.id from public.order o where o.desc = 'x'; end $$`,
    );
    expect(await bodyObstacles(client, ofOrder, 'size')).toMatchObject([
      { code: 'FUNCTION_NAMES_COLUMN', message: expect.stringContaining('The function public.rows()') },
    ]);
    expect(await bodyObstacles(client, ofOrder, 'desc')).toMatchObject([
      { code: 'FUNCTION_NAMES_COLUMN', message: expect.stringContaining('The function public.more()') },
    ]);
  });
});

it.each([
  `if new.* is distinct from old.* then insert into history values (new.*); end if`,
  `insert into history select now(), (old).*`,
  `perform row_to_json(new.*); insert into history values (1, new.*)`,
])('a trigger that puts all columns into others is named: %s', async (body) => {
  await client.rows(triggerFunction(body));
  expect(await bodyObstacles(client, change, 'size')).toMatchObject([
    {
      code: 'FUNCTION_TAKES_WHOLE_ROWS',
      message: expect.stringContaining(
        'The trigger function public.stamp() of part takes all columns of a row',
      ),
    },
  ]);
});
