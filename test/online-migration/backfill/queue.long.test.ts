import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { hasQueue } from '../../../src/online-migration/backfill/plan/queue-schema.ts';
import { openMigrator } from '../../support/event-project/migrator.ts';
import {
  type HandedOutBackfill,
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
import type { TestMigrator } from '../../support/test-migrator.ts';

/** Twice as long as the queue waits for a heartbeat. */
const PATIENCE_S = 30;

// Each test starts several processes and fills the table.
jest.setTimeout(180_000);

let resources: AsyncDisposableStack;
let backfill: HandedOutBackfill;
let migrator: TestMigrator;
beforeEach(async () => {
  resources = new AsyncDisposableStack();
  backfill = resources.use(await prepareHandedOutBackfill());
  migrator = resources.use(await openMigrator(backfill.url));
});
afterEach(() => resources.disposeAsync());

/** Two workers in the middle of their ranges, and the migrating process ended by a signal. */
async function endInTheMiddle(signal: NodeJS.Signals) {
  const workers = [backfill.worker(), backfill.worker()];
  await backfill.connected(2);
  const first = backfill.handOut();
  await backfill.inTheMiddle(...workers);
  first.process.kill(signal);
  await first.exitCode;
  await rememberFilledRows(backfill.client);
  return {
    workers,
    first,
    workersEnd: () => Promise.all(workers.map(({ exitCode }) => exitCode)),
  };
}

describe('a migrating process that hands out its ranges', () => {
  it('and is killed, and a worker too: another finishes them, and the next run does the rest', async () => {
    const { workers, workersEnd } = await endInTheMiddle('SIGKILL');
    workers[0]!.process.kill('SIGKILL');
    expect(await workersEnd()).toEqual([null, 0]);
    expect((await backfill.ranges()).filter(isOpen)).toEqual([]);
    expect(await backfill.handOut().exitCode).toBe(0);
    await expectFilledOnce(backfill.client);
    expect(await hasQueue(backfill.client)).toBe(false);
  });

  it('and is started again: paused workers have kept their ranges, however long that took', async () => {
    const { workers, workersEnd } = await endInTheMiddle('SIGKILL');
    await backfill.steer({ paused: true });
    // Whose range ended with the batch under way takes the next one still.
    await moreLines(/waits: paused by hand/, ...workers);
    const claims = (await backfill.ranges()).map(({ claimed_by }) => claimed_by);
    const second = backfill.handOut();
    await second.printed(/waits, paused by hand/);
    await until(async () => (await readHeartbeatSeconds()) > PATIENCE_S);
    expect((await backfill.ranges()).map(({ claimed_by }) => claimed_by)).toEqual(claims);
    expect(await backfill.jobs('active')).toBe(2);
    await backfill.steer({ paused: false });
    expect(await second.exitCode).toBe(0);
    expect(await workersEnd()).toEqual([0, 0]);
    await expectFilledOnce(backfill.client);
  });

  it('and is stopped by Ctrl-C: the workers stop too, and go on with the next run', async () => {
    const { first, workers, workersEnd } = await endInTheMiddle('SIGINT');
    expect(first.output()).toContain('The same command continues from here');
    await Promise.all(
      workers.map((worker) => worker.printed(/waiting for ranges, the migrating process hands none out/)),
    );
    expect(await hasQueue(backfill.client)).toBe(false);
    expect((await countFilled(backfill.client)).right).toBeLessThan(SPREAD_ROWS);
    expect(await backfill.handOut().exitCode).toBe(0);
    expect(await workersEnd()).toEqual([0, 0]);
    await expectFilledOnce(backfill.client);
  });

  it('and is killed, and the next run fills them itself: the workers leave them alone', async () => {
    const { workersEnd } = await endInTheMiddle('SIGKILL');
    await migrator.go('0003');
    expect(await workersEnd()).toEqual([0, 0]);
    await expectFilledOnce(backfill.client);
    expect(await hasQueue(backfill.client)).toBe(false);
  });

  it('and is killed, and the expand is reverted: nothing stays that the next one could meet', async () => {
    const { workersEnd } = await endInTheMiddle('SIGKILL');
    await migrator.go('0001');
    expect(await hasQueue(backfill.client)).toBe(false);
    expect(await workersEnd()).toEqual([0, 0]);
    await migrator.go('0002');
    const worker = backfill.worker();
    expect(await backfill.handOut().exitCode).toBe(0);
    expect(await worker.exitCode).toBe(0);
    expect(await countFilled(backfill.client)).toEqual({ right: SPREAD_ROWS, counted: SPREAD_ROWS });
  });

  it('of the way back of contract: every text comes back letter by letter', async () => {
    const { client } = backfill;
    await client.rows(`create table texts as select id, at from event`);
    await migrator.go('0005');
    const workers = [backfill.worker(), backfill.worker()];
    expect(await backfill.handOut('migration:down', '--only', '0005').exitCode).toBe(0);
    expect(await Promise.all(workers.map(({ exitCode }) => exitCode))).toEqual([0, 0]);
    expect(await client.value(`select count(*)::int from texts join event using (id, at)`)).toBe(SPREAD_ROWS);
    expect((await backfill.ranges()).reduce((sum, { rows_filled }) => sum + rows_filled, 0)).toBe(
      SPREAD_ROWS,
    );
    expect(await migrator.applied()).toEqual(['0001', '0002', '0003', '0004']);
    expect(await hasQueue(client)).toBe(false);
  });
});

/** How long ago the jobs in work were taken, at their last heartbeat. */
function readHeartbeatSeconds(): Promise<number> {
  return backfill.client.value<number>(`
    select coalesce(min(extract(epoch from heartbeat_on - started_on)), 0)::int
    from online_migration_queue.job
    where state::text = 'active'`);
}
