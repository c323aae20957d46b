import { expect, it } from '@jest/globals';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { planOf, underExclusiveLock } from '../../../src/online-migration/postgres/exclusive-lock.ts';
import { openContext } from '../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventChange } from '../../support/event-change.ts';
import { startOwnServer } from '../../support/own-server.ts';

const RUN_MS = 30_000;

async function waitForReplica(client: DatabaseClient, name: string): Promise<void> {
  await client.rows(`alter system set synchronous_standby_names = '${name}'`);
  await client.rows('select pg_reload_conf()');
  while ((await client.value('show synchronous_standby_names')) !== name);
}

it(
  'releases the lock before a synchronous replica has the commit',
  async () => {
    await using server = await startOwnServer();
    await using client = await connect(server.url());
    await client.rows('create table event (id bigint primary key, at varchar(50) not null)');
    await using context = await openContext(server.url(), eventChange);
    await expand(context);
    await waitForReplica(client, 'none_is_there');

    await underExclusiveLock(context.session, {
      ...context,
      table: 'public.event',
      change: 'public.event.at',
      purpose: 'test',
      plan: async () => planOf('alter table event add column note text'),
    });
    expect(await client.rows('select note from event')).toEqual([]);

    // It waits for the replica, and so for the commit before it.
    const writing = context.session.query(`insert into event (id, at) values (1, '2024-01-01 00:00:00')`);
    while (
      (await client.value(`select count(*)::int from pg_stat_activity where wait_event = 'SyncRep'`)) !== 1
    );
    await waitForReplica(client, '');
    await writing;
    expect(await client.value('select count(*)::int from event')).toBe(1);
  },
  RUN_MS,
);
