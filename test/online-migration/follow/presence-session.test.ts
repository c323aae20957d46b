import { once } from 'node:events';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Pool } from 'pg';
import { ActiveColumnFollower } from '../../../src/online-migration/follow/active-column-follower.ts';
import { findPresences, type Presence } from '../../../src/online-migration/follow/presence.ts';
import { keepPresence } from '../../../src/online-migration/follow/presence-session.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventColumn } from '../../support/event-change.ts';
import { type FollowingProcess, startFollowingProcess } from '../../support/event-project/commands.ts';
import { createMigratedDatabase, openMigrator } from '../../support/event-project/migrator.ts';
import { startHangingProxy } from '../../support/hanging-proxy.ts';
import { refusedWith } from '../../support/refused-with.ts';
import type { TestMigrator } from '../../support/test-migrator.ts';

let resources: AsyncDisposableStack;
let url: string;
let client: DatabaseClient;
let migrator: TestMigrator;
let follower: ActiveColumnFollower;
let log: string[];

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  ({ url } = resources.use(await createMigratedDatabase('0003')));
  client = resources.use(await connect(url));
  migrator = resources.use(await openMigrator(url));
  const pool = resources.adopt(new Pool({ connectionString: url }), (owned) => owned.end());
  pool.on('error', () => undefined);
  follower = new ActiveColumnFollower(eventColumn, pool);
  log = [];
});
afterEach(async () => {
  jest.restoreAllMocks();
  await resources.disposeAsync();
});

const present = (connectionString = url) =>
  keepPresence({
    change: eventColumn,
    connection: () => ({ connectionString }),
    follower,
    log: (line) => log.push(line),
  });

/** Resolves when the presences are as they should be. */
async function presences(wanted: (found: Presence[]) => boolean): Promise<Presence[]> {
  for (;;) {
    const found = await findPresences(client, eventColumn);
    if (wanted(found)) return found;
  }
}

const forms = (found: Presence[]) => found.map(({ form }) => form).join();

it('says from the beginning to the end which process it is and which column that uses', async () => {
  {
    await using _presence = await present();
    const [found, ...others] = await findPresences(client, eventColumn);
    expect(found).toMatchObject({ form: 'old' });
    expect(found!.process).toMatch(new RegExp(`^\\S+:${process.pid}$`));
    expect(others).toEqual([]);
  }
  await presences((found) => found.length === 0);
  expect(log).toEqual([]);
});

it('says so even where the URL has an application name of its own', async () => {
  const named = new URL(url);
  named.searchParams.set('application_name', 'orders');
  await using _presence = await present(named.href);
  expect(await findPresences(client, eventColumn)).toMatchObject([{ form: 'old' }]);
});

it('hears of the switchover without a poll, and of the way back', async () => {
  await using _presence = await present();
  const [{ pid }] = (await findPresences(client, eventColumn)) as [Presence];
  await migrator.go('0004');
  expect(await presences((found) => forms(found) === 'new')).toMatchObject([{ pid }]);
  expect(await follower.current()).toEqual({ form: 'new', name: 'at_new' });
  await migrator.go('0003');
  expect(await presences((found) => forms(found) === 'old')).toMatchObject([{ pid }]);
});

it('hears of each phase that the application feels', async () => {
  await migrator.go('0004');
  await using _presence = await present();
  for (const [phase, form] of [
    ['0005', 'new'],
    ['0006', 'renamed'],
    ['0005', 'new'],
    ['0004', 'new'],
    ['0003', 'old'],
  ] as const) {
    await migrator.go(phase);
    await presences((found) => forms(found) === form);
    expect((await follower.current()).form).toBe(form);
  }
});

it('keeps contract waiting until the last request on the old column has ended', async () => {
  await using _presence = await present();
  const request = Promise.withResolvers<void>();
  const unit = follower.run(() => request.promise);
  const switched = once(follower, 'switched');
  await migrator.go('0004');
  await switched;
  const waiting = migrator.logged(/waiting up to 30 s for 1 processes that still use at: \S+:\d+/);
  const going = migrator.go('0005');
  await waiting;
  request.resolve();
  await unit;
  await going;
  expect(await migrator.applied()).toContain('0005');
});

it('comes back when it was cut, under another server process, and says so', async () => {
  await using _presence = await present();
  const [{ pid }] = (await findPresences(client, eventColumn)) as [Presence];
  await client.rows('select pg_terminate_backend($1)', [pid]);
  await presences((found) => found.length === 1 && found[0]!.pid !== pid);
  await migrator.go('0004');
  await presences((found) => forms(found) === 'new');
  expect(log).toEqual([
    expect.stringMatching(/^The presence session is lost: .*terminat/),
    'The presence session is back.',
  ]);
});

it('has the column read anew when it comes back: the notification was missed', async () => {
  await using proxy = await startHangingProxy(url);
  await using _presence = await present(proxy.url);
  const [{ pid }] = (await findPresences(client, eventColumn)) as [Presence];
  proxy.hang();
  await client.rows('select pg_terminate_backend($1)', [pid]);
  await migrator.go('0004');
  expect((await follower.current()).form).toBe('old');
  const switched = once(follower, 'switched');
  proxy.goOn();
  await switched;
  await presences((found) => forms(found) === 'new');
});

it('is not ended for being idle', async () => {
  await client.rows(`alter database "${new URL(url).pathname.slice(1)}" set idle_session_timeout = 50`);
  await using _presence = await present();
  const [{ pid }] = (await findPresences(client, eventColumn)) as [Presence];
  await using idle = await connect(url);
  while ((await client.rows('select from pg_stat_activity where pid = $1', [idle.pid])).length > 0);
  expect(await findPresences(client, eventColumn)).toMatchObject([{ pid }]);
});

it('is there before a table is, and learns of it', async () => {
  await client.rows('alter table event rename to away');
  await using _presence = await present();
  expect(await findPresences(client, eventColumn)).toMatchObject([{ form: 'old' }]);
  await client.rows('alter table away rename to event');
  await migrator.go('0004');
  await presences((found) => forms(found) === 'new');
});

const endingIn = ({ process: { pid } }: FollowingProcess) => expect.stringMatching(new RegExp(`:${pid}$`));

it('is one for each process, and gone at once with a process that is killed', async () => {
  await using first = await startFollowingProcess(url);
  await using second = await startFollowingProcess(url);
  const both = await findPresences(client, eventColumn);
  expect(both).toMatchObject([{ process: endingIn(first) }, { process: endingIn(second) }]);
  first.process.kill('SIGKILL');
  expect(await presences((found) => found.length === 1)).toMatchObject([{ process: endingIn(second) }]);
});

it('of a process that stays on the old column keeps contract away until the process is killed', async () => {
  await using staying = await startFollowingProcess(url, 'at');
  await migrator.go('0004');
  await using hurried = await openMigrator(url, { switchoverWaitMs: 0 });
  await expect(hurried.go('0005')).rejects.toMatchObject(
    refusedWith('COLUMN_IN_USE', new RegExp(`these processes still use at: \\S+:${staying.process.pid} `)),
  );
  const waiting = migrator.logged(/waiting up to 30 s for 1 processes/);
  const going = migrator.go('0005');
  await waiting;
  staying.process.kill('SIGKILL');
  await going;
  expect(await migrator.applied()).toContain('0005');
});

it('ends even if the server has fallen silent', async () => {
  await using proxy = await startHangingProxy(url);
  const presence = await present(proxy.url);
  proxy.hang();
  await presence[Symbol.asyncDispose]();
  expect(log).toEqual([]);
});

it('is held although the log throws, with a warning of the process', async () => {
  const warning = Promise.withResolvers<string>();
  jest.spyOn(process, 'emitWarning').mockImplementation((text) => warning.resolve(String(text)));
  await using _presence = await keepPresence({
    change: eventColumn,
    connection: () => ({ connectionString: 'postgresql://nobody@127.0.0.1:9/none' }),
    follower,
    log: () => {
      throw new Error('The log is full.');
    },
  });
  expect(await warning.promise).toContain('The log is full.');
});
