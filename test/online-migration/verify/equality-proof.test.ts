import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { nextBatchRows } from '../../../src/online-migration/verify/batch-rows.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { PHASES, openContext } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-server.ts';

const total = changeOf('orders.total', {
  from: 'text',
  to: 'numeric(12,2)',
  conversion: textToNumeric(12, 2),
});

describe('the rows of the next batch', () => {
  it('double while a batch takes less than half of 100 ms, up to a limit', () => {
    expect(nextBatchRows(16, 0, 100)).toBe(32);
    expect(nextBatchRows(1_000, 50, 100)).toBe(2_000);
    expect(nextBatchRows(20_000, 1, 100)).toBe(20_000);
  });

  it('are those that fit in 100 ms, if a batch took longer; one row at least', () => {
    expect(nextBatchRows(1_000, 1_000, 100)).toBe(100);
    expect(nextBatchRows(16, 8_400, 100)).toBe(1);
    expect(nextBatchRows(1, 60_000, 100)).toBe(1);
  });
});

describe('while contract compares the columns', () => {
  let resources: AsyncDisposableStack;
  let database: TestDatabase;
  let client: DatabaseClient;

  beforeAll(async () => {
    resources = new AsyncDisposableStack();
    database = resources.use(await createTestDatabase());
    client = resources.use(await connect(database.url));
    await client.rows(`create table orders (id bigint primary key, total text not null)`);
    await client.rows(`insert into orders select n, n || '.5' from generate_series(1, 100) as n`);
    await using context = await openContext(database.url, total);
    for (const phase of PHASES.up.slice(0, 3)) await phase(context);
  });
  afterAll(() => resources.disposeAsync());

  /** Runs contract until it logs a line that matches; whoever is in its way goes then. */
  async function contractUntil(
    pattern: RegExp,
    goAway: () => Promise<unknown>,
    onceKeeping: () => Promise<unknown> = async () => undefined,
  ): Promise<string[]> {
    await using context = await openContext(database.url, total);
    const seen = Promise.withResolvers<void>();
    const lines: string[] = [];
    const running = contract({
      ...context,
      emit: (event) => {
        const line = event.message ?? event.type;
        lines.push(line);
        if (event.type === 'lock-held' && event.purpose === 'contract: keep old values')
          onceKeeping().catch(seen.reject);
        if (pattern.test(line)) seen.resolve();
      },
    });
    running.catch(seen.reject);
    await seen.promise;
    await goAway();
    await running;
    return lines;
  }

  it('the log names whom it waits for, and obeys a pause', async () => {
    await using holder = await connect(database.url, 'the holder');
    // Locks no row before the proof has begun; otherwise the table lock before the proof would wait.
    await using keeper = await connect(database.url);
    await keeper.rows(`
      begin; insert into online_migration.kept_value values ('public.orders.total', '50', 'held')`);
    await using context = await openContext(database.url, total);
    const back = PHASES.down[1];
    const waited = await contractUntil(
      /waits for locked rows; .*"the holder"/,
      () => holder.rows('commit'),
      async () => {
        await holder.rows(`begin; select from orders where id = 50 for update`);
        await keeper.rows('rollback');
      },
    );
    expect(waited).toContainEqual(
      expect.stringMatching(new RegExp(`waits for locked rows; .*pid ${holder.pid} "the holder"`)),
    );
    await back(context);
    await client.rows(`update online_migration.backfill set paused = true`);
    const paused = await contractUntil(/paused by hand/, () =>
      client.rows(`update online_migration.backfill set paused = false`),
    );
    expect(paused.findIndex((line) => line.includes('paused by hand'))).toBeLessThan(
      paused.findIndex((line) => line.includes('continues')),
    );
    expect(await client.value(`select count(*)::int from orders where total_new = id + 0.5`)).toBe(100);
  });
});
