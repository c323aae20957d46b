import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { poolNameOf, presenceName } from '../../../src/online-migration/follow/presence.ts';
import { findUndeclaredSessions } from '../../../src/online-migration/follow/undeclared-sessions.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventColumn } from '../../support/event-change.ts';
import { createMigratedDatabase } from '../../support/event-project/migrator.ts';

let resources: AsyncDisposableStack;
let url: string;
let client: DatabaseClient;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  ({ url } = resources.use(await createMigratedDatabase('0001')));
  client = resources.use(await connect(url));
});
afterEach(() => resources.disposeAsync());

/** A session whose last statement is this one. */
async function sessionThatRan(statement: string, name: string): Promise<void> {
  const session = resources.use(await connect(url, name));
  await session.rows(statement);
}

const READ = `select id,\n  at from EVENT`;
const find = () => findUndeclaredSessions(client, eventColumn);

it('finds who uses the table by the last statement, one entry for each name', async () => {
  await sessionThatRan(READ, 'orders 1.4');
  await sessionThatRan(READ, 'orders 1.4');
  await sessionThatRan(READ, 'psql');
  await sessionThatRan(`select 1`, 'other');
  expect(await find()).toEqual([
    expect.objectContaining({ application: 'orders 1.4', count: 2 }),
    {
      application: 'psql',
      user: await client.value(`select current_user`),
      address: await client.value(`select host(inet_client_addr())`),
      count: 1,
      statement: 'select id, at from EVENT',
    },
  ]);
});

it('leaves the sessions of the package out, and those of a process that says which column it uses', async () => {
  await sessionThatRan(READ, 'online-migration worker');
  await sessionThatRan(READ, poolNameOf(eventColumn));
  const [undeclared, ...others] = await find();
  expect(undeclared).toMatchObject({ application: poolNameOf(eventColumn) });
  expect(others).toEqual([]);
  await using _presence = await connect(url, presenceName(eventColumn, 'new'));
  expect(await find()).toEqual([]);
});
