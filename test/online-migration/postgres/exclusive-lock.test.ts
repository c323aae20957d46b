import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { planOf, underExclusiveLock } from '../../../src/online-migration/postgres/exclusive-lock.ts';
import { openContext, type TestContext } from '../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventChange } from '../../support/event-change.ts';
import { startOwnServer } from '../../support/own-server.ts';

const RUN_MS = 30_000;

async function waitForReplica(client: DatabaseClient, name: string): Promise<void> {
  await client.rows(`alter system set synchronous_standby_names = '${name}'`);
  await client.rows('select pg_reload_conf()');
  while ((await client.value('show synchronous_standby_names')) !== name);
}

const waitingForReplica = `select count(*)::int from pg_stat_activity where wait_event = 'SyncRep'`;

async function addNote(context: TestContext, isDurable: boolean): Promise<void> {
  await underExclusiveLock(context.session, {
    ...context,
    table: 'public.event',
    change: 'public.event.at',
    purpose: 'test',
    isDurable,
    plan: async () => planOf('alter table event add column note text'),
  });
}

let resources: AsyncDisposableStack;
let client: DatabaseClient;
let context: TestContext;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  const server = resources.use(await startOwnServer());
  client = resources.use(await connect(server.url()));
  await client.rows('create table event (id bigint primary key, at varchar(50) not null)');
  context = resources.use(await openContext(server.url(), eventChange));
  await expand(context);
  await waitForReplica(client, 'none_is_there');
}, RUN_MS);
afterEach(() => resources.disposeAsync());

it('a lock is released before a synchronous replica has the commit', async () => {
  await addNote(context, false);
  expect(await client.rows('select note from event')).toEqual([]);

  // It waits for the replica, and so for the commit before it.
  const writing = context.session.query(`insert into event (id, at) values (1, '2024-01-01 00:00:00')`);
  while ((await client.value(waitingForReplica)) !== 1);
  await waitForReplica(client, '');
  await writing;
  expect(await client.value('select count(*)::int from event')).toBe(1);
});

it.each(['on', 'off', 'local'])(
  'the lock of a durable commit lasts until the replica has it, if synchronous_commit is %s',
  async (setting) => {
    await context.session.query(`set synchronous_commit = ${setting}`);
    const adding = addNote(context, true);
    while ((await client.value(waitingForReplica)) !== 1);
    await client.rows(`set lock_timeout = 1`);
    await expect(client.rows('select from event')).rejects.toMatchObject({ code: '55P03' });
    await waitForReplica(client, '');
    await adding;
    expect(await client.rows('select note from event')).toEqual([]);
  },
);
