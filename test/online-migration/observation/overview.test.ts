import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { findActiveStatements } from '../../../src/online-migration/observation/active-statements.ts';
import { openObserver, type Observer } from '../../../src/online-migration/observation/observer.ts';
import { readOverview } from '../../../src/online-migration/observation/overview.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventChange } from '../../support/event-change.ts';
import { followEvents } from '../../support/event-project/following.ts';
import { createMigratedDatabase, openMigrator } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';
import { lockWaiter } from '../../support/lock-waits.ts';
import type { TestMigrator } from '../../support/test-migrator.ts';

const ROWS = 2_000;
const WAY = ['0001', '0002', '0003', '0004', '0005', '0006'];

const resources = new AsyncDisposableStack();
let url: string;
let client: DatabaseClient;
let migrator: TestMigrator;
let observer: Observer;

beforeAll(async () => {
  ({ url } = resources.use(await createMigratedDatabase('0001')));
  client = resources.use(await connect(url, 'someone'));
  await insertEvents(client, ROWS);
  migrator = resources.use(await openMigrator(url));
  observer = resources.use(await openObserver({ connectionString: url }));
});
beforeEach(() => migrator.go('0001'));
afterAll(() => resources.disposeAsync());

const overview = () => readOverview(observer, eventChange);

it('says at each stage which it is, the active column and how long the phases held their locks', async () => {
  const seen = [];
  for (const migration of WAY) {
    await migrator.go(migration);
    const { stage, activeColumn, backfill, lockHolds } = await overview();
    const phases = new Set(lockHolds.map(({ purpose }) => purpose.replace(/[:,].*/, '')));
    seen.push({ stage, activeColumn, backfilled: backfill?.rowsDone, phases: [...phases].toSorted() });
  }
  const [expand, backfill, enforce, contract] = ['expand', 'backfill', 'enforce', 'contract'];
  expect(seen).toEqual([
    { stage: 'initial', activeColumn: 'at', backfilled: undefined, phases: [] },
    { stage: 'expanded', activeColumn: 'at', backfilled: undefined, phases: [expand] },
    { stage: 'backfilled', activeColumn: 'at', backfilled: ROWS, phases: [backfill, expand] },
    {
      stage: 'enforced',
      activeColumn: 'at_new',
      backfilled: ROWS,
      phases: [backfill, enforce, expand],
    },
    {
      stage: 'contracted',
      activeColumn: 'at_new',
      backfilled: undefined,
      phases: [backfill, contract, enforce, expand],
    },
    {
      stage: 'renamed',
      activeColumn: 'at',
      backfilled: undefined,
      phases: [backfill, contract, enforce, expand, 'rename'],
    },
  ]);
  for (const { purpose, mode, milliseconds, releasedAt } of (await overview()).lockHolds) {
    expect(mode).toBe(purpose.startsWith('backfill') ? 'ROW EXCLUSIVE' : 'ACCESS EXCLUSIVE');
    expect(milliseconds).toBeGreaterThan(0);
    expect(Date.parse(releasedAt)).toBeLessThanOrEqual(Date.now() + 1_000);
  }
});

it('a phase that runs again is recorded anew, and the way back of the first leaves nothing', async () => {
  await migrator.go('0002');
  const [first] = (await overview()).lockHolds;
  await migrator.go('0001');
  expect((await overview()).lockHolds).toEqual([]);
  await migrator.go('0002');
  const { lockHolds } = await overview();
  expect(lockHolds).toHaveLength(1);
  expect(lockHolds[0]!.releasedAt > first!.releasedAt).toBe(true);
});

it('a phase is done where its lock cannot be recorded', async () => {
  await migrator.go('0003');
  await client.rows(
    `alter table online_migration.lock_hold add constraint full_up check (purpose not like 'enforce%')`,
  );
  await migrator.go('0004');
  expect(await overview()).toMatchObject({ stage: 'enforced' });
  await client.rows(`alter table online_migration.lock_hold drop constraint full_up`);
});

it('an expand of a version that recorded no locks goes on, and back', async () => {
  await migrator.go('0002');
  await client.rows(`drop table online_migration.lock_hold`);
  await migrator.go('0003');
  // The backfill has made the table, and records its own.
  expect((await overview()).lockHolds.map(({ purpose }) => purpose)).toEqual(['backfill, the longest batch']);
  await migrator.go('0001');
  expect(await client.value<string | null>(`select to_regnamespace('online_migration')::text`)).toBeNull();
});

it('measures the table, and not while someone has it under ACCESS EXCLUSIVE', async () => {
  const expected = await client.value<string>(
    `select pg_relation_size('event') || ' ' || pg_indexes_size('event')`,
  );
  const { size } = await overview();
  expect(`${size?.heapBytes} ${size?.indexBytes}`).toBe(expected);
  expect(size?.estimatedRows).toBe(ROWS);
  await client.rows(`begin`);
  await client.rows(`lock table event in access exclusive mode`);
  const locked = await overview();
  await client.rows(`rollback`);
  expect(locked).toMatchObject({ stage: 'initial', size: null });
});

it('names who waits for the table and who holds it', async () => {
  await client.rows(`begin`);
  await client.rows(`select from event limit 1`);
  await using second = await connect(url, 'second');
  await second.rows(`begin`);
  const waiting = second.rows(`lock table event in access exclusive mode`).catch(() => undefined);
  await lockWaiter(url);
  const { lockWaits, size } = await overview();
  await client.rows(`rollback`);
  await waiting;
  expect(size).toBeNull();
  expect(lockWaits).toEqual([
    {
      pid: second.pid,
      application: 'second',
      mode: 'AccessExclusiveLock',
      target: 'event',
      seconds: expect.any(Number),
      holders: [
        {
          pid: client.pid,
          application: 'someone',
          state: 'idle in transaction',
          seconds: expect.any(Number),
        },
      ],
    },
  ]);
});

it('names who waits for a row, with the statement and what it waits for', async () => {
  await client.rows(`begin`);
  await client.rows(`update event set name = 'held' where id = 1`);
  await using second = await connect(url, 'second');
  const waiting = second.rows(`update event\n set name = 'late' where id = 1`);
  await lockWaiter(url);
  const { lockWaits } = await overview();
  const statements = await findActiveStatements(observer);
  await client.rows(`rollback`);
  await waiting;
  expect(lockWaits).toMatchObject([{ pid: second.pid, target: 'a row', holders: [{ pid: client.pid }] }]);
  expect(statements).toMatchObject([
    { pid: client.pid, state: 'idle in transaction', waitsFor: null },
    {
      pid: second.pid,
      state: 'active',
      waitsFor: 'Lock: transactionid',
      statement: `update event set name = 'late' where id = 1`,
    },
  ]);
});

it('shows every application that follows, with the column that it uses', async () => {
  await using _following = await followEvents(url);
  await using _pinned = await followEvents(url, 'at');
  await migrator.go('0004');
  let forms: string[];
  do forms = (await overview()).processes.map(({ form }) => form).toSorted();
  while (forms[0] === forms[1]);
  expect(forms).toEqual(['new', 'old']);
});
