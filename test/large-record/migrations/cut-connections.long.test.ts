import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { countUntouchedRows } from '../support/acknowledged-writes.ts';
import { startMikroOrm } from '../../support/command-line.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { held, hold, type HoldPoint, installHoldPoints, letGo } from '../../support/hold-points.ts';
import { openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { startOwnServer } from '../../support/own-server.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { createTestDatabase } from '../../support/test-server.ts';
import { readCatalog } from './catalog.ts';

/** Several batches of a backfill. */
const ROWS = 5_000;
const ALL = ['0001', '0002', '0003', '0004', '0005', '0006'];

/** The phases with their stages, and the points at which they are cut. */
const PHASES: { name: string; from: string; to: string; points: HoldPoint[] }[] = [
  { name: '0002 up', from: '0001', to: '0002', points: ['ddl', 'ledger', 'commit'] },
  { name: '0002 down', from: '0002', to: '0001', points: ['ddl', 'ledger', 'commit'] },
  { name: '0003 up', from: '0002', to: '0003', points: ['batch', 'ledger', 'commit'] },
  { name: '0003 down', from: '0003', to: '0002', points: ['ledger', 'commit'] },
  { name: '0004 up', from: '0003', to: '0004', points: ['ddl', 'ledger', 'commit'] },
  { name: '0004 down', from: '0004', to: '0003', points: ['ddl', 'ledger', 'commit'] },
  { name: '0005 up', from: '0004', to: '0005', points: ['ddl', 'ledger', 'commit'] },
  { name: '0005 down', from: '0005', to: '0004', points: ['ddl', 'batch', 'ledger', 'commit'] },
  { name: '0006 up', from: '0005', to: '0006', points: ['ddl', 'ledger', 'commit'] },
  { name: '0006 down', from: '0006', to: '0005', points: ['ddl', 'ledger', 'commit'] },
];
const CUTS = PHASES.flatMap(({ points, ...phase }) => points.map((point) => ({ ...phase, point })));

const LOST_CONNECTION = /terminating connection|Connection terminated/;

/** The message of the resulting error. */
const failureOf = (run: Promise<unknown>) =>
  run.then(
    () => 'It did not fail.',
    (error: Error) => error.message,
  );

/** Cuts all at once, and then waits for their end: a worker that is cut alone would open another connection. */
const terminateOthers = (client: DatabaseClient) =>
  client.rows(`
    with cut as materialized (
      select pid, pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()
    ), all_cut as materialized (select array_agg(pid) as pids from cut)
    select pg_terminate_backend(pid, 5000) from all_cut, unnest(pids) as pid`);

const terminateLockHolder = (client: DatabaseClient) =>
  client.rows(`
    select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and granted
      and database = (select oid from pg_database where datname = current_database())`);

describe.each([
  {
    cutBy: 'pg_terminate_backend of all other sessions',
    cuts: CUTS,
    open: async (resources: AsyncDisposableStack) => {
      const { url } = resources.use(await createTestDatabase());
      return { url, cut: terminateOthers };
    },
  },
  {
    cutBy: 'a restart of the server',
    cuts: CUTS.filter(({ point }) => point === 'batch' || point === 'ledger'),
    open: async (resources: AsyncDisposableStack) => {
      const server = resources.use(await startOwnServer());
      return { url: server.url(), cut: () => server.restart() };
    },
  },
])('a phase that is cut by $cutBy', ({ cuts, open }) => {
  const resources = new AsyncDisposableStack();
  let url: string;
  let cut: (client: DatabaseClient) => Promise<unknown>;
  let migrator: TestMigrator;

  beforeAll(async () => {
    ({ url, cut } = await open(resources));
    migrator = resources.use(await openMigrator(url));
    await migrator.go('0001');
    await using client = await connect(url);
    await insertRows(client, ROWS);
    await installHoldPoints(client, 'large_record');
  });
  afterAll(() => resources.disposeAsync());

  /** Migrates to a stage. At 0002, it empties the new column, because the revert of the backfill keeps its values. */
  async function goTo(stage: string): Promise<void> {
    await using client = await connect(url);
    await letGo(client);
    if (stage === '0002') await migrator.go('0001');
    await migrator.go(stage);
  }

  async function expectAllFinished(): Promise<void> {
    await using client = await connect(url);
    expect(await migrator.applied()).toEqual(ALL);
    expect(await countUntouchedRows(client)).toBe(ROWS);
  }

  async function expectCut(from: string, to: string, point: HoldPoint): Promise<void> {
    await goTo(from);
    await using client = await connect(url);
    await hold(client, point);
    const failure = failureOf(migrator.go(to));
    await held(client, failure);
    await cut(client);
    expect(await failure).toMatch(LOST_CONNECTION);
    await using afterwards = await connect(url);
    await letGo(afterwards);
  }

  it.each(cuts)(
    '$name, in its $point, fails and is finished by migration:up',
    async ({ from, to, point }) => {
      await expectCut(from, to, point);
      await migrator.orm.migrator.up();
      await expectAllFinished();
    },
  );

  it('0004 up, before its end, is reverted by migration:down: the table accepts odd values again', async () => {
    await expectCut('0003', '0004', 'ledger');
    await migrator.orm.migrator.down();
    expect(await migrator.applied()).toEqual(['0001', '0002']);
    await using client = await connect(url);
    expect((await readCatalog(client)).checks).toEqual(['hold_batch']);
    const odd = await client.value<string>(
      `insert into large_record (name, created_at) values ('odd', 'yesterday') returning id`,
    );
    await client.rows(`delete from large_record where id = $1`, [odd]);
  });

  it('ends the process with exit code 1 and the reason, not by an unhandled event', async () => {
    await goTo('0002');
    {
      await using client = await connect(url);
      await hold(client, 'batch');
      const command = startMikroOrm(url, 'migration:up');
      await held(client, command.exitCode);
      await cut(client);
      expect(await command.exitCode).toBe(1);
      expect(command.output()).toMatch(LOST_CONNECTION);
      expect(command.output()).not.toMatch(/unhandled|uncaught|node:events/i);
    }
    await using client = await connect(url);
    await letGo(client);
    expect(await startMikroOrm(url, 'migration:up').exitCode).toBe(0);
    await expectAllFinished();
  });
});

describe('a runner whose lock is cut', () => {
  it.each<HoldPoint>(['batch', 'ledger', 'commit'])(
    'in the %s stops, and the next one continues',
    async (point) => {
      await using database = await createTestDatabase();
      await using first = await openMigrator(database.url);
      await using second = await openMigrator(database.url);
      await using client = await connect(database.url);
      await first.go('0001');
      await insertRows(client, ROWS);
      await first.go('0002');
      await installHoldPoints(client, 'large_record');
      await hold(client, point);
      const failure = failureOf(first.orm.migrator.up());
      await held(client, failure);
      const waiting = second.logged(/another runner migrates this database/);
      const next = second.orm.migrator.up();
      await waiting;
      const goesOn = second.logged(/Processing/);
      await terminateLockHolder(client);
      await goesOn;
      await letGo(client);
      expect(await failure).toMatch(LOST_CONNECTION);
      await next;
      expect(await second.applied()).toEqual(ALL);
      expect(await countUntouchedRows(client)).toBe(ROWS);
    },
  );
});
