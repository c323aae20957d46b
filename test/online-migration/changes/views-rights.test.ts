import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { openContext, PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createRole, type TestRole } from '../../support/roles.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-server.ts';
import { readViewCatalog } from '../../support/view-snapshot.ts';

const change = changeOf('part.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });

const resources = new AsyncDisposableStack();
let database: TestDatabase;
let admin: DatabaseClient;
let owner: TestRole;
let reader: TestRole;
let keeper: TestRole;

beforeAll(async () => {
  database = resources.use(await createTestDatabase());
  owner = resources.use(await createRole(database.url));
  reader = resources.use(await createRole(database.url));
  keeper = resources.use(await createRole(database.url));
  admin = resources.use(await connect(database.url));
});
afterAll(async () => {
  await admin.rows(`drop schema if exists public, online_migration cascade`);
  await resources.disposeAsync();
});
beforeEach(async () => {
  await admin.rows(`
    drop schema if exists public, online_migration cascade;
    revoke ${keeper.name} from ${owner.name};
    revoke temporary on database ${database.name} from public, ${owner.name};
    create schema public;
    create schema online_migration authorization ${owner.name};
    grant usage on schema public to ${owner.name}, ${reader.name}, ${keeper.name};
    create table part (id bigint primary key, size integer not null);
    insert into part select n, n from generate_series(1, 100) as n;
    alter table part owner to ${owner.name};
    create view big as select id, size from part;
    alter view big owner to ${owner.name}`);
});

const contextOf = () => openContext(owner.url, change);

async function grantsAsked(): Promise<string[]> {
  await using context = await contextOf();
  const message = await expand(context).then(
    () => '',
    (error: Error) => error.message,
  );
  return [...message.matchAll(/`(grant [^`]+)`/g)].map(([, grant]) => grant!);
}

describe('a role that owns the table and its views, and has no other right', () => {
  it('is told each grant that it needs; with them the views go over and back with owners, privileges and comments', async () => {
    await admin.rows(`
      create view wide as select id, size from big;
      alter view wide owner to ${keeper.name};
      grant select on part, big to ${keeper.name};
      grant select, update on big to ${reader.name} with grant option;
      grant insert (id), select (size) on big to public;
      grant select (id) on wide to ${reader.name} with grant option;
      revoke delete on wide from ${keeper.name};
      comment on view wide is 'wide'`);
    const grants = [
      `grant create on schema public to ${owner.name}`,
      `grant ${keeper.name} to ${owner.name}`,
      `grant create on schema public to ${keeper.name}`,
      `grant temporary on database ${database.name} to ${owner.name}`,
    ];
    expect((await grantsAsked()).toSorted()).toEqual(grants.toSorted());
    for (const grant of grants) await admin.rows(grant);
    const before = await readViewCatalog(admin);
    await using context = await contextOf();
    for (const phase of PHASES.up) await phase(context);
    await using asReader = await connect(reader.url);
    expect(await asReader.value(`select count(size)::int from big`)).toBe(100);
    await expect(asReader.rows(`select size from wide`)).rejects.toThrow('permission denied for view wide');
    for (const phase of PHASES.down) await phase(context);
    expect(await readViewCatalog(admin)).toEqual(before);
  });

  it('gets no privileges from its default privileges on a view that is made anew', async () => {
    await admin.rows(`
      grant create on schema public to ${owner.name};
      grant temporary on database ${database.name} to ${owner.name};
      alter default privileges for role ${owner.name} grant select on tables to public, ${reader.name}`);
    await using context = await contextOf();
    for (const phase of PHASES.up) await phase(context);
    await admin.rows(
      `alter default privileges for role ${owner.name} revoke select on tables from public, ${reader.name}`,
    );
    await using asReader = await connect(reader.url);
    await expect(asReader.rows(`select size from big`)).rejects.toThrow('permission denied for view big');
  });

  it('fills the copy of a materialized view with the rows and the rights of its owner', async () => {
    await admin.rows(`
      grant create on schema public to ${owner.name}, ${keeper.name};
      grant temporary on database ${database.name} to ${owner.name};
      grant ${keeper.name} to ${owner.name};
      create table secret (id bigint primary key, holder text not null);
      insert into secret select n, case when n % 2 = 0 then '${keeper.name}' else '${owner.name}' end from generate_series(1, 100) as n;
      alter table secret enable row level security;
      create policy own on secret using (holder = current_user);
      grant select on secret, part to ${keeper.name};
      create materialized view stored as select size, holder, current_user::text as reader from part join secret using (id);
      alter materialized view stored owner to ${keeper.name};
      refresh materialized view stored`);
    const values = () => admin.rows(`select size::text, holder, reader from stored order by 1`);
    const [before, rows] = [await readViewCatalog(admin), await values()];
    expect(rows).toHaveLength(50);
    await using context = await contextOf();
    for (const phase of PHASES.up) await phase(context);
    expect(await values()).toEqual(rows);
    for (const phase of PHASES.down) await phase(context);
    expect(await values()).toEqual(rows);
    expect(await readViewCatalog(admin)).toEqual(before);
  });

  it('cannot carry over a view on which another role has granted privileges', async () => {
    await admin.rows(`
      grant create on schema public to ${owner.name};
      grant temporary on database ${database.name} to ${owner.name};
      grant select on big to ${reader.name} with grant option`);
    await using asReader = await connect(reader.url);
    await asReader.rows(`grant select on big to ${keeper.name}`);
    await using context = await contextOf();
    await expect(expand(context)).rejects.toThrow(
      'The view public.big cannot go over by itself: another role than its owner has granted privileges on it.',
    );
  });
});
