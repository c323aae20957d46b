import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createdAtColumn } from '../support/created-at-column.ts';
import { readTableShape } from '../../../src/online-migration/state/table-shape.ts';
import { countUntouchedRows, findLostWrites } from '../support/acknowledged-writes.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { type KillableMigrator, startKillableMigrator } from '../support/killable-migrator.ts';
import { type Load, startLoad } from '../support/load.ts';
import { createMigratedDatabase, openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { SEED, seededRandom } from '../../support/seeded-random.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { slowUpdatesDown } from '../../support/slow-updates.ts';
import { startTestApplication, type TestApplication } from '../../support/test-application.ts';
import type { TestDatabase } from '../../support/test-server.ts';
import { type Catalog, readCatalog } from './catalog.ts';

const ROWS = 2_500;
/** In the sessions of processes to be killed, every twentieth row delays a fill by a millisecond. */
const SLOW_SESSION = '-c test.slow=on';
const CLIENTS = 1;
const KILLS_PER_MOVE = 6;
/** A guard against a hang: under the load of two other long tests, each process takes time to start. */
const RUN_MS = 300_000;

const STAGES = ['0001', '0002', '0003', '0004', '0005', '0006'];
/**
 * `wayBack`: the result of `migration:down` after a half-done phase. A `down` is finished; an `up` is reverted together
 * with the previous one.
 */
const PHASES = STAGES.slice(1).flatMap((migration, n) => [
  { migration, direction: 'up', from: STAGES[n]!, to: migration, wayBack: STAGES[Math.max(0, n - 1)]! },
  { migration, direction: 'down', from: migration, to: STAGES[n]!, wayBack: STAGES[n]! },
]);

const resources = new AsyncDisposableStack();
const catalogs = new Map<string, Catalog>();
const landed: { migration: string; direction: string; lastsMs: number; tries: number; kills: number }[] = [];
let database: TestDatabase;
let client: DatabaseClient;
let migrator: TestMigrator;
let api: TestApplication;
let load: Load;
/** The first one is killed next. Meanwhile, the second one loads. */
const victims: KillableMigrator[] = [];

beforeAll(async () => {
  database = resources.use(await createMigratedDatabase('0001'));
  client = resources.use(await connect(database.url));
  await insertRows(client, ROWS);
  await slowUpdatesDown(
    client,
    `if id % 20 = 0 and current_setting('test.slow', true) = 'on' then perform pg_sleep(0.001); end if;`,
    'large_record',
  );
  migrator = resources.use(await openMigrator(database.url));
  for (const stage of STAGES) {
    await migrator.go(stage);
    catalogs.set(stage, await readCatalog(client));
  }
  api = resources.use(await startTestApplication(database.url));
  load = resources.use(startLoad([api.url], CLIENTS));
  victims.push(startVictim(), startVictim());
  resources.defer(async () => {
    for (const victim of victims) await victim[Symbol.asyncDispose]();
  });
});
afterAll(() => resources.disposeAsync());

const startVictim = () => startKillableMigrator(database.url, SLOW_SESSION);

/** Resolves when the server has noticed the end of the killed process. */
async function sessionsEnded(): Promise<void> {
  while (
    await client.value<boolean>(`
      select exists (
        select from pg_stat_activity
        where datname = current_database() and application_name ~ '^online-migration( |$)'
      )`)
  );
}

/** Counts rows whose columns contradict each other; only some stages have two columns. */
async function countDifferences(): Promise<string> {
  const { oldColumn, newColumn } = await readTableShape(client, createdAtColumn);
  if (oldColumn === null || newColumn === null) return '0';
  return client.value<string>(`
    select count(*) from large_record where created_at::timestamp at time zone 'UTC' <> created_at_new`);
}

async function expectToStandAt(stage: string): Promise<void> {
  expect(await migrator.applied()).toEqual(STAGES.slice(0, STAGES.indexOf(stage) + 1));
  expect(await readCatalog(client)).toEqual(catalogs.get(stage));
  expect(await countDifferences()).toBe('0');
}

/** Migrates to a stage. At 0002, it empties the new column, because the revert of the backfill keeps its values. */
async function goTo(stage: string): Promise<void> {
  if (stage === '0002') await migrator.go('0001');
  await migrator.go(stage);
}

/** Checks the table as the killed process left it, and reverts to a stage. */
async function expectWayBackTo(stage: string): Promise<void> {
  await sessionsEnded();
  expect(await countDifferences()).toBe('0');
  await migrator.go(stage);
  await expectToStandAt(stage);
}

describe('a migration under load that is killed at any moment is finished by migration:up', () => {
  it.each(PHASES)(
    '$migration $direction',
    async ({ migration, direction, from, to, wayBack }) => {
      const random = seededRandom(`${SEED} ${migration} ${direction}`);
      await goTo(from);
      let lastsMs = (await victims[0]!.go(to))!;
      let tries = 0;
      let kills = 0;
      while (kills < KILLS_PER_MOVE) {
        await goTo(from);
        await expectToStandAt(from);
        const finishedAfterMs = await victims[0]!.go(to, random() * lastsMs);
        tries++;
        if (!victims[0]!.alive) {
          victims.shift();
          victims.push(startVictim());
        }
        if (finishedAfterMs !== undefined) {
          lastsMs = Math.min(lastsMs, finishedAfterMs);
          continue;
        }
        kills++;
        if (kills % 2 === 0) await expectWayBackTo(wayBack);
        await migrator.orm.migrator.up();
        await expectToStandAt('0006');
      }
      landed.push({ migration, direction, lastsMs: Math.round(lastsMs), tries, kills });
    },
    RUN_MS,
  );

  it('at least sixty times, most of them before the process had finished', () => {
    console.table(landed);
    const sum = (count: 'tries' | 'kills') => landed.reduce((total, phase) => total + phase[count], 0);
    expect(sum('kills')).toBeGreaterThanOrEqual(60);
    expect(sum('kills') / sum('tries')).toBeGreaterThanOrEqual(0.5);
  });

  it('with no acknowledged write lost, and no unwritten row changed', async () => {
    await load.stop();
    // A kill and the following `up` can be two opposite phases within one request. The request then fails and has
    // written nothing.
    const refusals = api.log.filter((line) => / answered 5/.test(line));
    expect(refusals.filter((line) => !line.includes('SQLSTATE 42703'))).toEqual([]);
    expect(load.failures).toHaveLength(refusals.length);
    expect(await findLostWrites(client, load)).toEqual([]);
    expect(load.ledger.size).toBeGreaterThan(CLIENTS);
    expect(await countUntouchedRows(client)).toBe(ROWS);
  });
});
