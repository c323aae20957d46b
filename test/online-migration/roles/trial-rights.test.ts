import { expect, it } from '@jest/globals';
import { findObstacles } from '../../../src/online-migration/attachments/obstacles/obstacles.ts';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { connect } from '../../support/database-client.ts';
import { createRole, type TestRole } from '../../support/roles.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';
import { databasePerTest } from '../../support/tested-database.ts';
import { changeOfPart } from '../changes/obstacles/obstacle.ts';

// The function of the table's owner counts the calls with the rights of a superuser. A number of a sequence stays when the
// transaction is rolled back, and PostgreSQL calls an immutable function while it plans.
const SETUP = `
  create table part (id bigint primary key, size integer not null);
  create sequence with_own_rights; create sequence as_superuser;
  create function one() returns integer language plpgsql immutable as $$
    begin
      if (select rolsuper from pg_roles where rolname = current_user) then perform nextval('public.as_superuser');
      else perform nextval('public.with_own_rights'); end if;
      return 1;
    end $$`;

const database = databasePerTest();
const { client } = database;

/** Has a role of its own make the table, the function and objects that call it. */
async function makeAsOwner(objects: string): Promise<TestRole> {
  const owner = await createRole(database.url);
  database.defer(async () => owner[Symbol.asyncDispose]());
  await client.rows(`grant create on schema public to ${owner.name}`);
  await using own = await connect(owner.url);
  await own.rows(SETUP);
  await own.rows(objects);
  await own.rows(`select setval('as_superuser', 1, false), setval('with_own_rights', 1, false)`);
  return owner;
}

const wasCalled = (sequence: string) => client.value<boolean>(`select is_called from ${sequence}`);

it.each<[string, string, Partial<Pick<ColumnChange, 'reviewed'>>?]>([
  ['a check', `alter table part add constraint sized check (size >= one())`],
  ['an index of an expression', `create index sizes on part ((size + one()))`],
  ['the condition of an index', `create index sizes on part (id) where size > one()`],
  [
    'a policy',
    `alter table part enable row level security; create policy sized on part using (size >= one())`,
  ],
  ['statistics of an expression', `create statistics sizes on (size + one()), (size - one()) from part`],
  [
    'an index of a materialized view',
    `create materialized view sizes as select id, size from part; create index sized on sizes ((size + one()))`,
  ],
])(
  'the trial of %s runs functions with the rights of its owner, not of the superuser',
  async (_, objects) => {
    await makeAsOwner(objects);
    await findObstacles(client, changeOfPart());
    expect(await wasCalled('as_superuser')).toBe(false);
    expect(await wasCalled('with_own_rights')).toBe(true);
  },
);

it('the trial of a default runs functions with the rights of the table owner', async () => {
  await makeAsOwner(`alter table part alter size set default one()`);
  const change = changeOfPart({
    from: { type: 'integer', default: 'one()' },
    to: { type: 'bigint', default: 'one()::bigint' },
  });
  expect(await findObstacles(client, change)).toEqual([]);
  expect(await wasCalled('as_superuser')).toBe(false);
});

it('the trial of a row filter alters the publication with the rights of the session', async () => {
  if (SERVER_MAJOR < 15) return;
  await makeAsOwner(`alter table part replica identity full`);
  await client.rows(`create publication sizes for table part where (size > 1)`);
  const change = changeOfPart({ reviewed: ['publication sizes'] });
  expect(await findObstacles(client, change)).toEqual([]);
});

it('an owner without TEMPORARY needs it, because nobody else tries the definitions in its place', async () => {
  const owner = await makeAsOwner(`create index sizes on part ((size + one()))`);
  await client.rows(`revoke temporary on database ${database.name} from public`);
  expect(await findObstacles(client, changeOfPart())).toMatchObject([
    {
      code: 'TEMPORARY_NOT_GRANTED',
      details: { statement: `grant temporary on database ${database.name} to ${owner.name}` },
    },
  ]);
  expect(await wasCalled('as_superuser')).toBe(false);
  await client.rows(`grant temporary on database ${database.name} to ${owner.name}`);
  expect(await findObstacles(client, changeOfPart())).toEqual([]);
});
