import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { hasQueue } from '../../../src/online-migration/backfill/plan/queue-schema.ts';
import type { RunningCommand } from '../../support/command-line.ts';
import {
  type HandedOutBackfill,
  isOf,
  isOpen,
  moreLines,
  prepareHandedOutBackfill,
  until,
} from '../../support/handed-out-backfill.ts';
import {
  countFilled,
  expectFilledOnce,
  rememberFilledRows,
  SPREAD_ROWS,
} from '../../support/spread-table.ts';

/** The longest time after which another worker takes the range of a dead one. */
const TAKE_OVER_MS = 30_000;

// Each test starts several processes and fills the table.
jest.setTimeout(180_000);

let backfill: HandedOutBackfill;
beforeEach(async () => {
  backfill = await prepareHandedOutBackfill();
});
afterEach(async () => backfill[Symbol.asyncDispose]());

describe('three worker processes', () => {
  // SIGSTOP looks like a host that has vanished: its connections stay open, and nothing arrives.
  it.each(['SIGKILL', 'SIGSTOP'] as const)('finish, also when one of them meets %s', async (signal) => {
    const { client } = backfill;
    const [victim, ...others]: RunningCommand[] = [backfill.worker(), backfill.worker(), backfill.worker()];
    await backfill.connected(3);
    const migration = backfill.handOut();
    await backfill.inTheMiddle(victim!, ...others);
    await until(async () => (await countBatches(victim)) === 1);
    victim!.process.kill(signal);
    const hitAt = performance.now();
    const lost = (await backfill.ranges()).find((range) => isOf(victim!, range) && isOpen(range))!;
    await rememberFilledRows(client);
    await until(async () => {
      const now = (await backfill.ranges()).find(({ first_block }) => first_block === lost.first_block)!;
      return now.rows_filled > lost.rows_filled && !isOf(victim!, now);
    });
    const takenOverMs = performance.now() - hitAt;
    console.log(`Another worker's first batch ${(takenOverMs / 1000).toFixed(1)} s after ${signal}`);
    expect(takenOverMs).toBeLessThan(TAKE_OVER_MS);
    // Nor do the rows that the victim had locked wait for it.
    expect(await migration.exitCode).toBe(0);
    expect(await Promise.all(others.map(({ exitCode }) => exitCode))).toEqual([0, 0]);
    victim!.process.kill('SIGCONT');
    expect(await victim!.exitCode).toBe(signal === 'SIGKILL' ? null : 0);
    await expectFilledOnce(client);
    expect(await hasQueue(client)).toBe(false);
  });

  it('pause and go on as another terminal says', async () => {
    const { client } = backfill;
    const workers = [backfill.worker(), backfill.worker(), backfill.worker()];
    await backfill.connected(3);
    const migration = backfill.handOut();
    await backfill.inTheMiddle(...workers);
    await backfill.steer({ paused: true });
    await Promise.all(workers.map((worker) => worker.printed(/waits, paused by hand/)));
    // The batch in progress ends. After that the number of filled rows must not change.
    await until(async () => (await countBatches()) === 0);
    await rememberFilledRows(client);
    const before = await countFilled(client);
    await moreLines(/waits: paused by hand/, ...workers);
    expect(await countFilled(client)).toEqual(before);
    expect(before.right).toBeLessThan(SPREAD_ROWS);
    await backfill.steer({ paused: false });
    expect(await migration.exitCode).toBe(0);
    expect(await Promise.all(workers.map(({ exitCode }) => exitCode))).toEqual([0, 0, 0]);
    await expectFilledOnce(client);
  });
});

describe('a worker process', () => {
  it('waits for a backfill and says so; on SIGTERM it gives its range back', async () => {
    const { client } = backfill;
    const first = backfill.worker();
    await first.printed(/waiting for ranges, no backfill is under way; .*BACKFILL_WORKERS=0/);
    const migration = backfill.handOut();
    await backfill.inTheMiddle(first);
    await first.printed(/backfill: [\d,]+ of [\d,]+ rows, [\d.]+ %/);
    first.process.kill('SIGTERM');
    expect(await first.exitCode).toBe(143);
    expect({ active: await backfill.jobs('active'), retry: await backfill.jobs('retry') }).toEqual({
      active: 0,
      retry: 1,
    });
    const filled = (await backfill.ranges()).reduce((sum, { rows_filled }) => sum + rows_filled, 0);
    expect(first.output()).toMatch(
      new RegExp(`has filled ${filled.toLocaleString('en-US')} rows in \\d+ batches, the longest \\d+ ms`),
    );
    await rememberFilledRows(client);
    await migration.printed(/waits, no worker is there: start `npx online-migration backfill work`/);
    await until(
      async () =>
        (await client.value(`select paused_for from online_migration.backfill`)) ===
        'no worker is there: start `npx online-migration backfill work`, on any machine',
    );
    const second = backfill.worker();
    expect(await migration.exitCode).toBe(0);
    expect(await second.exitCode).toBe(0);
    await expectFilledOnce(client);
  });

  it('looks by itself whether the API is slow', async () => {
    let p99Ms = 900;
    await using api = createServer((_, response) => response.end(JSON.stringify({ p99Ms })));
    await once(api.listen(0, '127.0.0.1'), 'listening');
    const { port } = api.address() as AddressInfo;
    const worker = backfill.worker({ BACKFILL_LATENCY_URL: `http://127.0.0.1:${port}/` });
    const migration = backfill.handOut();
    await worker.printed(/waits, the API's p99 is 900 ms/);
    await moreLines(/0 of 60,000 rows, .* waits: the API's p99 is 900 ms/, worker);
    p99Ms = 10;
    expect(await migration.exitCode).toBe(0);
    expect(await worker.exitCode).toBe(0);
    expect(await countFilled(backfill.client)).toEqual({ right: SPREAD_ROWS, counted: SPREAD_ROWS });
  });

  it('outlives the loss of its connections', async () => {
    const { client } = backfill;
    const worker = backfill.worker();
    const migration = backfill.handOut();
    await backfill.inTheMiddle(worker);
    await rememberFilledRows(client);
    await client.rows(`
      select pg_terminate_backend(pid) from pg_stat_activity
      where starts_with(application_name, 'online-migration worker of ')`);
    await worker.printed(/lost the connection/);
    expect(await migration.exitCode).toBe(0);
    expect(await worker.exitCode).toBe(0);
    await expectFilledOnce(client);
  });

  it('ends with the error of a batch, and gives the range back', async () => {
    const { client } = backfill;
    const migration = backfill.handOut();
    await migration.printed(/no worker is there/);
    await client.rows(`
      create or replace function slow(id bigint) returns boolean language plpgsql as $$
      begin
        raise exception 'no new rows today' using errcode = 'insufficient_privilege';
      end $$`);
    const worker = backfill.worker();
    expect(await worker.exitCode).toBe(1);
    expect(worker.output()).toContain('no new rows today');
    expect(await backfill.jobs('active')).toBe(0);
  });
});

/** How many batches are under way, of one worker or of all. */
function countBatches(worker?: RunningCommand): Promise<number> {
  return backfill.client.value<number>(
    `
    select count(distinct pid)::int
    from pg_locks
    join pg_stat_activity using (pid)
    where application_name like 'online-migration worker of %' || $1
      and relation = 'event'::regclass and mode = 'RowExclusiveLock' and granted`,
    [worker === undefined ? '' : `:${worker.process.pid}`],
  );
}
