import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { readCatalog } from './catalog.ts';

const ROWS = 2_000;
const LOCK_TIMEOUT_MS = 100;
const BUDGET_MS = 800;
/** Allowed wait of a reader in addition to the lock timeout. */
const SLACK_MS = 50;
const RETRIES = 3;
const STRONG_MOVES = ['0002', '0004', '0005', '0006', '0005', '0004', '0003', '0001'];

const resources = new AsyncDisposableStack();
let url: string;
let client: DatabaseClient;
let blocker: DatabaseClient;
let migrator: TestMigrator;
let hurried: TestMigrator;

beforeAll(async () => {
  const database = resources.use(await createMigratedDatabase('0001'));
  url = database.url;
  client = resources.use(await connect(url));
  blocker = resources.use(await connect(url, 'nightly report'));
  await insertRows(client, ROWS);
  migrator = resources.use(await openMigrator(url, { lockTimeoutMs: LOCK_TIMEOUT_MS }));
  hurried = resources.use(await openMigrator(url, { lockTimeoutMs: 20, lockBudgetMs: BUDGET_MS }));
});
afterAll(() => resources.disposeAsync());

/** Migrates so far that the next phase takes an exclusive lock. */
async function goBefore(phase: string): Promise<void> {
  if (phase === '0004' && !(await migrator.applied()).includes('0003')) await migrator.go('0003');
  if (phase === '0001') await migrator.go('0002');
}

async function hold(lockedBy: string): Promise<void> {
  await blocker.rows('begin');
  await blocker.rows(lockedBy);
}

/** Reads without a pause until it is stopped. */
function readAllTheWhile(reader: DatabaseClient): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const reading = (async () => {
    while (!stopping.signal.aborted) await reader.rows(`select name from large_record order by id limit 1`);
  })();
  return {
    stop: () => {
      stopping.abort();
      return reading;
    },
  };
}

/** Measures by the server's clock how long readers wait for their lock; returns the longest wait in milliseconds. */
function watchLockWaits(sampler: DatabaseClient): { stop(): Promise<{ longestMs: number; seen: number }> } {
  const stopping = new AbortController();
  const watching = (async () => {
    let longestMs = 0;
    let seen = 0;
    while (!stopping.signal.aborted) {
      const waited = await sampler.value<number | null>(`
        select 1000 * extract(epoch from max(clock_timestamp() - waitstart))::float8
        from pg_locks
        where not granted and mode = 'AccessShareLock' and relation = 'large_record'::regclass`);
      if (waited !== null) seen++;
      longestMs = Math.max(longestMs, waited ?? 0);
    }
    return { longestMs, seen };
  })();
  return {
    stop: () => {
      stopping.abort();
      return watching;
    },
  };
}

describe('a phase that is blocked by an open transaction', () => {
  it.each(STRONG_MOVES)(
    'to %s delays no reader beyond its lock timeout, and succeeds afterwards',
    async (phase) => {
      await goBefore(phase);
      await using reader = await connect(url, 'reader');
      await using sampler = await connect(url, 'sampler');
      await hold(`select from large_record limit 1`);
      const reads = readAllTheWhile(reader);
      const waits = watchLockWaits(sampler);
      const retries = migrator.logged(/no lock on "public"."large_record".* blocked by/, RETRIES);
      const going = migrator.go(phase);
      await Promise.race([retries, going]);
      await reads.stop();
      const { longestMs, seen } = await waits.stop();
      await blocker.rows('rollback');
      await going;

      expect(seen).toBeGreaterThan(0);
      expect(longestMs).toBeLessThanOrEqual(LOCK_TIMEOUT_MS + SLACK_MS);
      const retry = migrator.log.filter((line) => line.includes('blocked by')).at(-1);
      expect(retry).toMatch(
        /blocked by (.*; )?pid \d+ "nightly report", user \w+, idle in transaction, in its transaction for [\d.]+ s: select from large_record limit 1/,
      );
      expect((await migrator.applied()).at(-1)).toBe(phase);
    },
  );

  it.each(STRONG_MOVES)(
    'to %s fails within its budget, names the blocking session, and changes nothing',
    async (phase) => {
      await goBefore(phase);
      const before = { catalog: await readCatalog(client), applied: await hurried.applied() };
      await hold(`select from large_record limit 1`);
      const began = performance.now();
      const failure = await hurried.go(phase).then(
        () => undefined,
        (error: Error) => error,
      );
      const lasted = performance.now() - began;
      await blocker.rows('rollback');
      expect(failure?.message).toMatch(
        /could not be locked within 0.8 s \(\d+ tries\); it was rolled back and nothing was changed/,
      );
      expect(failure?.message).toMatch(
        new RegExp(`pid ${blocker.pid} "nightly report".*select from large_record`),
      );
      expect(lasted).toBeGreaterThan(BUDGET_MS / 4);
      expect({ catalog: await readCatalog(client), applied: await hurried.applied() }).toEqual(before);
      await migrator.go(phase);
    },
  );
});
