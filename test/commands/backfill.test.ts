import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../support/database-client.ts';
import { createMigratedDatabase, openMigrator } from '../support/migrator.ts';
import { insertSpreadRows, SPREAD_ROWS } from '../support/spread-table.ts';
import type { TestDatabase } from '../support/test-server.ts';
import { startCommand } from './running-command.ts';

/** A command starts in a second or two where nothing else runs. */
const RUN_MS = 60_000;

/** One more session has their name: it keeps autovacuum away, by its lock. */
const WORKERS_AT_ONCE = `
  select count(*)::int from pg_stat_activity a
  where datname = current_database() and application_name = 'online-migration worker' and state <> 'idle'
    and not exists (select from pg_locks l where l.pid = a.pid and l.mode = 'ShareUpdateExclusiveLock')`;

const CLOSING_LINE = new RegExp(
  String.raw`backfill: 60,000 rows in [\d.]+ s, [\d,]+ rows/s; [\d,]+ batches, the longest \d+ ms; ` +
    String.raw`pauses: [\d.]+ s \(paused by hand\); (rests [\d.]+ s beside busy sessions; )?WAL [\d,]+ MB; ` +
    String.raw`heap [\d,]+ MB to [\d,]+ MB \([\d.]+×\), indexes [\d,]+ MB to [\d,]+ MB \([\d.]+×\); ` +
    String.raw`(\d+ % heap-only updates; )?0 rejects$`,
);

interface ProgressRow {
  readonly rows_done: string;
  readonly rows_total: string;
  readonly rows_per_second: number;
  readonly seconds_left: number | null;
  readonly batch_rows: number | null;
  readonly paused_for: string | null;
}

const resources = new AsyncDisposableStack();
let database: TestDatabase;
let client: DatabaseClient;

beforeAll(async () => {
  database = resources.use(await createMigratedDatabase('0002'));
  client = resources.use(await connect(database.url));
});
afterAll(() => resources.disposeAsync());

const steer = (...words: string[]) => steerOn(database.url, words);

async function steerOn(
  url: string,
  words: string[],
): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  await using command = await startCommand('backfill', words, { env: { DATABASE_URL: url } });
  return await command.ended;
}

describe('npm run backfill', () => {
  it.each([
    [[], 'Say what to do with the backfill'],
    [['stop'], 'Say what to do with the backfill'],
    [['set'], 'Say what to do with the backfill'],
    [['set', 'speed=9'], '"speed=9" is no setting'],
    [['set', 'workers=0'], 'workers must be a whole number from 1 to 64'],
    [['set', 'batch-ms=abc'], 'batch-ms must be a whole number from 1 to 10000'],
    [['work', 'harder'], 'Say what to do with the backfill'],
    [['pause'], 'No backfill is under way'],
  ])('%j is a sentence and exit code 1', async (words, sentence) => {
    const { exitCode, stderr } = await steer(...words);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(sentence) });
  });

  it('has no number of workers to set where they are processes', async () => {
    await client.rows(`create schema online_migration_queue`);
    await client.rows(`create table online_migration_queue.queue ()`);
    const { exitCode, stderr } = await steer('set', 'workers=2');
    await client.rows(`drop schema online_migration_queue cascade`);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('start one more with `npm run backfill -- work`');
  });

  it('changes the row that a running backfill reads', async () => {
    expect(await steer('status')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('No backfill has begun.'),
    });
    await client.rows(`
      insert into online_migration.backfill (change, direction, rows_total)
      values ('public.large_record.created_at', 'forward', 5000)`);
    expect(await steer('set', 'batch-ms=50', 'workers=2')).toMatchObject({ exitCode: 0 });
    expect(await steer('pause')).toMatchObject({ exitCode: 0 });
    const row = () => client.rows(`select paused, batch_ms, workers from online_migration.backfill`);
    expect(await row()).toEqual([{ paused: true, batch_ms: 50, workers: 2 }]);
    expect(await steer('resume')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('0 of 5,000 rows'),
    });
    expect(await row()).toEqual([{ paused: false, batch_ms: 50, workers: 2 }]);
  });

  it(
    'steers a backfill that runs in another terminal, and everyone can read how far that is',
    async () => {
      await using own = await createMigratedDatabase('0001');
      await using onOwn = await connect(own.url);
      await insertSpreadRows(onOwn);
      await using migrator = await openMigrator(own.url);
      await migrator.go('0002');
      const progress = () => onOwn.rows<ProgressRow>(`select * from online_migration.backfill`);
      const until = async (reached: (row: ProgressRow) => boolean): Promise<ProgressRow> => {
        for (;;) {
          const [row] = await progress();
          if (row !== undefined && reached(row)) return row;
        }
      };
      const going = migrator.go('0003');

      const running = await until(({ rows_done }) => Number(rows_done) > 0);
      expect(running).toMatchObject({ direction: 'forward', paused_for: null, finished_at: null });
      expect(Number(running.rows_total)).toBeGreaterThanOrEqual(Number(running.rows_done));
      expect(running.rows_per_second).toBeGreaterThan(0);
      expect(running.seconds_left).toBeGreaterThan(0);
      expect(running.batch_rows).toBeGreaterThanOrEqual(500);

      expect(await steerOn(own.url, ['pause'])).toMatchObject({ exitCode: 0 });
      await until(({ paused_for }) => paused_for === 'paused by hand');
      expect((await steerOn(own.url, ['status'])).stdout).toMatch(
        / of [\d,]+ rows, .*, waits: paused by hand\n/,
      );
      expect(await steerOn(own.url, ['set', 'batch-ms=20', 'workers=3'])).toMatchObject({ exitCode: 0 });
      expect(await steerOn(own.url, ['resume'])).toMatchObject({ exitCode: 0 });
      let most = 0;
      const ended = new AbortController();
      const watching = (async () => {
        while (!ended.signal.aborted) most = Math.max(most, await onOwn.value<number>(WORKERS_AT_ONCE));
      })();
      await going;
      ended.abort();
      await watching;
      expect(most).toBe(3);

      const [row] = await progress();
      expect(row).toMatchObject({
        rows_done: String(SPREAD_ROWS),
        rows_total: String(SPREAD_ROWS),
        seconds_left: 0,
        finished_at: expect.anything(),
      });
      expect(migrator.log.find((line) => line.includes('rows in'))).toMatch(CLOSING_LINE);
      expect((await steerOn(own.url, ['status'])).stdout).toContain('The backfill is finished: 60,000 rows.');
    },
    RUN_MS,
  );
});
