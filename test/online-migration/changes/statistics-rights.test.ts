import { afterAll, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { openContext, PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect } from '../../support/database-client.ts';
import { createRole } from '../../support/roles.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const change = changeOf('part.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });

const resources = new AsyncDisposableStack();
afterAll(() => resources.disposeAsync());

it('a role that owns the table alone is told each grant that it needs for extended statistics of another owner', async () => {
  const database = resources.use(await createTestDatabase());
  const owner = resources.use(await createRole(database.url));
  const keeper = resources.use(await createRole(database.url));
  const admin = resources.use(await connect(database.url));
  await admin.rows(`
    create schema online_migration authorization ${owner.name};
    create schema "Odd ""schema""";
    grant usage on schema "Odd ""schema""" to ${owner.name};
    create table part (id bigint primary key, name text, size integer not null);
    alter table part owner to ${owner.name};
    create statistics "Odd ""schema"""."Odd ""sizes""" on (size > 10), size, name from part;
    alter statistics "Odd ""schema"""."Odd ""sizes""" owner to ${keeper.name}`);
  await using context = await openContext(owner.url, change);
  const grants = [
    `grant ${keeper.name} to ${owner.name}`,
    `grant create on schema "Odd ""schema""" to ${keeper.name}`,
    `grant create on schema "Odd ""schema""" to ${owner.name}`,
  ];
  const refusal = await expand(context).then(
    () => '',
    (error: Error) => error.message,
  );
  expect([...refusal.matchAll(/`(grant [^`]+)`/g)].map(([, grant]) => grant!).toSorted()).toEqual(
    grants.toSorted(),
  );
  for (const grant of grants) await admin.rows(grant);
  const definition = () =>
    admin.rows(
      `select pg_get_statisticsobjdef(oid) as definition, pg_get_userbyid(stxowner) as owner from pg_statistic_ext`,
    );
  const before = await definition();
  for (const phase of [...PHASES.up, ...PHASES.down]) await phase(context);
  expect(await definition()).toEqual(before);
});
