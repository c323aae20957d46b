import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { STRIPES } from '../../../src/online-migration/backfill/plan/stripes.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { startMikroOrm } from '../../support/event-project/commands.ts';
import { createMigratedDatabase } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';
import { countTo, slowUpdatesDown } from '../../support/slow-updates.ts';

const ROWS = 150_000;
const PROGRESS_LINE = /backfill: [\d,]+ of ([\d,]+) rows, [\d.]+ %, [\d,]+ rows\/s, time left /;

let resources: AsyncDisposableStack;
beforeEach(() => {
  resources = new AsyncDisposableStack();
});
afterEach(() => resources.disposeAsync());

interface Checkpoint {
  blocks_done: string;
  blocks_total: string;
  rows_done: string;
}

/** A table that takes several seconds to fill: a trigger makes each row dear, so that a kill meets the middle. */
async function slowTable(): Promise<{ url: string; client: DatabaseClient }> {
  const database = resources.use(await createMigratedDatabase('0001'));
  const client = resources.use(await connect(database.url));
  await insertEvents(client, ROWS);
  await slowUpdatesDown(client, countTo(30), 'event');
  const expand = startMikroOrm(database.url, ['migration:up', '--to', '0002']);
  expect(await expand.exitCode).toBe(0);
  return { url: database.url, client };
}

async function checkpoint(client: DatabaseClient): Promise<Checkpoint> {
  const [row] = await client.rows<Checkpoint>(`
    select coalesce(sum(stripe * (end_block - first_block) + next_block - first_block), 0) as blocks_done, coalesce(${STRIPES} * sum(end_block - first_block), 1) as blocks_total,
      coalesce(sum(rows_filled), 0) as rows_done
    from online_migration.backfill_range`);
  return row!;
}

async function inTheMiddle(client: DatabaseClient): Promise<void> {
  for (;;) {
    const { blocks_done, blocks_total } = await checkpoint(client);
    if (Number(blocks_done) > Number(blocks_total) / 10) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const unfilled = (client: DatabaseClient) =>
  client.value<string>(`select count(*) from event where at_new is null`);

const wrong = (client: DatabaseClient) =>
  client.value<string>(`
    select count(*) from event where at_new is distinct from at::timestamp at time zone 'UTC'`);

describe('a backfill that is ended', () => {
  it('by kill -9 goes on where it stopped, and converts no row twice', async () => {
    const { url, client } = await slowTable();
    const first = startMikroOrm(url, ['migration:up', '--to', '0003']);
    await inTheMiddle(client);
    first.process.kill('SIGKILL');
    expect(await first.exitCode).toBeNull();
    const stopped = await checkpoint(client);
    expect(Number(stopped.blocks_done)).toBeLessThan(Number(stopped.blocks_total));
    expect(Number(await unfilled(client))).toBeGreaterThan(0);
    await client.rows(`
      create table filled_before as
      select id, xmin::text as version from event where at_new is not null`);
    const second = startMikroOrm(url, ['migration:up', '--to', '0003']);
    expect(await second.exitCode).toBe(0);
    expect(await wrong(client)).toBe('0');
    const done = await checkpoint(client);
    expect(Number(done.rows_done)).toBe(ROWS);
    const convertedTwice = await client.value<string>(`
      select count(*) from filled_before b join event r using (id) where r.xmin::text <> b.version`);
    expect(convertedTwice).toBe('0');
  });

  it('by Ctrl-C ends after the batch, says how to go on, and exits with 1', async () => {
    const { url, client } = await slowTable();
    const first = startMikroOrm(url, ['migration:up', '--to', '0003']);
    await first.printed(PROGRESS_LINE);
    const [, total = ''] = PROGRESS_LINE.exec(first.output()) ?? [];
    expect(Math.abs(Number(total.replaceAll(',', '')) / ROWS - 1)).toBeLessThan(0.05);
    await inTheMiddle(client);
    first.process.kill('SIGINT');
    expect(await first.exitCode).toBe(1);
    expect(first.output()).toContain('The same command continues from here');
    const stopped = await checkpoint(client);
    expect(Number(stopped.blocks_done)).toBeLessThan(Number(stopped.blocks_total));
    expect(Number(await unfilled(client))).toBe(ROWS - Number(stopped.rows_done));
    const second = startMikroOrm(url, ['migration:up', '--to', '0003']);
    expect(await second.exitCode).toBe(0);
    expect(await wrong(client)).toBe('0');
  });
});

describe('a backfill whose worker loses its connection, and so does what keeps autovacuum away', () => {
  it('opens another, and converts each row once', async () => {
    const { url, client } = await slowTable();
    const running = startMikroOrm(url, ['migration:up', '--to', '0003']);
    await inTheMiddle(client);
    expect(
      await client.value(`
        select count(pg_terminate_backend(pid))::int from pg_stat_activity
        where datname = current_database() and application_name = 'online-migration worker'`),
    ).toBe(2);
    expect(await running.exitCode).toBe(0);
    expect(running.output()).toMatch(/backfill: lost the connection \(.+\); again in 100 ms/);
    expect(await wrong(client)).toBe('0');
    expect(Number((await checkpoint(client)).rows_done)).toBe(ROWS);
  });
});
