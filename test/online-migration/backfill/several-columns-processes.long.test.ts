import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { hasQueue } from '../../../src/online-migration/backfill/plan/queue-schema.ts';
import { STRIPES } from '../../../src/online-migration/backfill/plan/stripes.ts';
import { findWorkerProcesses } from '../../../src/online-migration/backfill/plan/worker-name.ts';
import { type RunningCommand, startNode } from '../../support/command-line.ts';
import { until } from '../../support/handed-out-backfill.ts';
import { READING_CHANGE } from '../../support/reading-change.ts';
import { insertReadings, READING_TABLES } from '../../support/reading-table.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const ROWS = 20_000;
const ONLINE_MIGRATION = 'src/online-migration/cli/online-migration.ts';
const CONFIG = join(import.meta.dirname, '../../support/reading-project/online-migration.config.ts');

// Each test starts several processes.
jest.setTimeout(300_000);

const database = databasePerTest();
const { client } = database;

let started: RunningCommand[] = [];
beforeEach(async () => {
  started = [];
  // Each partition has a range of its own.
  for (const statement of READING_TABLES['a partitioned table']) await client.rows(statement);
  await client.rows(insertReadings(ROWS));
  await client.rows('analyze reading');
});
afterEach(async () => {
  for (const { process, exitCode } of started) {
    process.kill('SIGKILL');
    await exitCode;
  }
});

/** Starts `npx online-migration …`, whose backfills are handed out. */
function start(...args: string[]): RunningCommand {
  const command = startNode([ONLINE_MIGRATION, '--config', CONFIG, ...args], {
    DATABASE_URL: database.url,
    BACKFILL_WORKERS: '0',
  });
  started.push(command);
  return command;
}

async function startWorkers(count: number): Promise<RunningCommand[]> {
  const workers = Array.from({ length: count }, () => start('backfill', 'work'));
  await until(async () => (await findWorkerProcesses(client)).length === count);
  return workers;
}

/** Resolves when each worker has a partly filled range. */
function inTheMiddle(workers: readonly RunningCommand[]): Promise<void> {
  return until(async () => {
    const ranges = await client.rows<{ claimed_by: string }>(`
      select claimed_by from online_migration.backfill_range
      where claimed_by is not null and stripe < ${STRIPES} and (stripe > 0 or next_block > first_block)`);
    return workers.every(({ process }) =>
      ranges.some((range) => range.claimed_by.includes(`:${process.pid}/`)),
    );
  });
}

const texts = () => client.rows(`select site, "No", at, "Am""ount", weight from reading order by site, "No"`);

it('worker processes fill all columns of each row once, also if one of them is killed', async () => {
  await client.rows(`update reading set weight = 'n/a' where "No" in (7, 9002)`);
  await client.rows(`update reading set at = 'now' where "No" in (7, 15001)`);
  await client.rows(`
    create function slow(number integer) returns boolean language plpgsql as $$
    begin
      if number % 25 = 0 then perform pg_sleep(0.01); end if;
      return true;
    end $$`);
  await client.rows(`alter table reading add constraint slow check (slow("No")) not valid`);
  expect(await start('up', '--to', 'expanded').exitCode).toBe(0);
  const workers = await startWorkers(3);
  const migration = start('up', '--to', 'backfilled');
  await inTheMiddle(workers);
  const [victim, ...others] = workers;
  victim!.process.kill('SIGKILL');
  await client.rows(`
    create table filled_before as select site, "No", xmin::text as version from reading where at_new is not null`);
  expect(await migration.exitCode).toBe(0);
  expect(await Promise.all(others.map(({ exitCode }) => exitCode))).toEqual([0, 0]);
  expect(await victim!.exitCode).toBe(null);
  expect(
    await client.rows(`
      select "No" from reading
      where at_new is distinct from case when at <> 'now' then at::timestamp at time zone 'UTC' end
        or "Amount_new" is distinct from "Am""ount"
        or weight_new is distinct from case when weight <> 'n/a' then weight::numeric end`),
  ).toEqual([]);
  expect(await client.rows(`select change, key from online_migration.reject order by change, key`)).toEqual([
    { change: `${READING_CHANGE} at`, key: '[1, 15001]' },
    { change: `${READING_CHANGE} at`, key: '[3, 7]' },
    { change: `${READING_CHANGE} weight`, key: '[2, 9002]' },
    { change: `${READING_CHANGE} weight`, key: '[3, 7]' },
  ]);
  expect(
    await client.value(`
      select count(*)::int from filled_before b join reading r using (site, "No") where r.xmin::text <> b.version`),
  ).toBe(0);
  expect(
    await client.value(`
      select (select sum(rows_filled)::int from online_migration.backfill_range)
        + (select rows_swept::int from online_migration.backfill)`),
  ).toBe(ROWS - 3);
  expect(migration.output()).toMatch(/backfill: worker processes: \S+, \S+, \S+\n/);
  expect(await hasQueue(client)).toBe(false);
});

it('worker processes bring each text of all columns back, from the kept values or by conversion', async () => {
  await client.rows(`update reading set weight = '0' || weight where "No" % 100 = 3`);
  await client.rows(`update reading set at = at || '.50' where "No" % 200 = 3`);
  const before = await texts();
  const ofUp = await startWorkers(2);
  expect(await start('up', '--to', 'contracted').exitCode).toBe(0);
  expect(await Promise.all(ofUp.map(({ exitCode }) => exitCode))).toEqual([0, 0]);
  const ofDown = await startWorkers(2);
  expect(await start('down', '--to', 'enforced').exitCode).toBe(0);
  expect(await Promise.all(ofDown.map(({ exitCode }) => exitCode))).toEqual([0, 0]);
  expect(await texts()).toEqual(before);
  expect(await hasQueue(client)).toBe(false);
  const status = start('backfill', 'status');
  expect(await status.exitCode).toBe(0);
  expect(status.output()).toContain('The backfill is finished: 20,000 rows.');
});
