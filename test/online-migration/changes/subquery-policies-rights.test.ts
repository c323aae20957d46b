import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { openContext, PHASES } from '../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createRole, type TestRole } from '../../support/roles.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-server.ts';
import { change, MEMBERS, OWN } from './subquery-policy-cases.ts';

const resources = new AsyncDisposableStack();
let database: TestDatabase;
let admin: DatabaseClient;
let owner: TestRole;
let keeper: TestRole;

beforeAll(async () => {
  database = resources.use(await createTestDatabase());
  owner = resources.use(await createRole(database.url));
  keeper = resources.use(await createRole(database.url));
  admin = resources.use(await connect(database.url));
});
afterAll(async () => {
  await admin.rows(`drop schema if exists public, online_migration, helper cascade`);
  await resources.disposeAsync();
});
beforeEach(async () => {
  await admin.rows(`
    drop schema if exists public, online_migration, helper cascade;
    revoke temporary on database ${database.name} from public, ${owner.name};
    create schema public;
    create schema online_migration authorization ${owner.name};
    grant usage on schema public to ${owner.name}, ${keeper.name}`);
  for (const statement of [...MEMBERS, OWN]) await admin.rows(statement);
  await admin.rows(
    `alter table membership owner to ${owner.name}; alter table document owner to ${owner.name}`,
  );
});

const grantsAsked = async () => {
  await using context = await openContext(owner.url, change);
  const message = await expand(context).then(
    () => '',
    (error: Error) => error.message,
  );
  return { message, grants: [...message.matchAll(/`(grant [^`]+)`/g)].map(([, grant]) => grant!) };
};

it('a role that owns the tables and has no other right is told each grant; with them, the policies go over and back', async () => {
  await admin.rows(`
    create schema helper;
    create function helper.is_user(value bigint) returns boolean language sql stable as 'select value > 0';
    create policy asked on document using (exists (select from membership m where helper.is_user(m.user_id)));
    alter table document owner to ${keeper.name}`);
  const first = await grantsAsked();
  expect(first.message).toContain(
    `public.document has to be altered for its policies asked and own, and ${owner.name} does not own it: \`grant ${keeper.name} to ${owner.name}\``,
  );
  expect(first.message).toContain(
    `${owner.name} may not use the schema helper, which the change needs to alter the policy asked on document: \`grant`,
  );
  const grants = [
    `grant ${keeper.name} to ${owner.name}`,
    `grant usage on schema helper to ${owner.name}`,
    `grant temporary on database ${database.name} to ${owner.name}`,
  ];
  expect(first.grants.toSorted()).toEqual(grants.toSorted());
  expect(
    await admin.value(
      `select count(*)::int from pg_class where relnamespace = 'online_migration'::regnamespace`,
    ),
  ).toBe(0);
  for (const grant of grants) await admin.rows(grant);
  const before = await readSchema(admin);
  await using context = await openContext(owner.url, change);
  for (const phase of [...PHASES.up, ...PHASES.down]) await phase(context);
  expect({ ...(await readSchema(admin)), package: null }).toEqual({ ...before, package: null });
});
