import { expect, it } from '@jest/globals';
import { connect, WATCHER_NAME } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator } from '../../support/migrator.ts';
import { startCommand } from '../../support/running-command.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { insertSpreadRows, SPREAD_ROWS } from '../../support/spread-table.ts';

/** Its rows are slow, and batches of 20 ms have few of them. */
const RUN_MS = 180_000;

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

it(
  'npx online-migration backfill steers a backfill that runs in another terminal, and everyone can read how far that is',
  async () => {
    await using database = await createMigratedDatabase('0001');
    await using client = await connect(database.url, WATCHER_NAME);
    await insertSpreadRows(client, 'large_record', insertRows);
    await using migrator = await openMigrator(database.url);
    await migrator.go('0002');
    const steer = async (...words: string[]) => {
      await using command = await startCommand('backfill', words, { env: { DATABASE_URL: database.url } });
      return await command.ended;
    };
    const progress = () => client.rows<ProgressRow>(`select * from online_migration.backfill`);
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

    expect(await steer('pause')).toMatchObject({ exitCode: 0 });
    await until(({ paused_for }) => paused_for === 'paused by hand');
    expect((await steer('status')).stdout).toMatch(/ of [\d,]+ rows, .*, waits: paused by hand\n/);
    expect(await steer('set', '--batch-ms', '20', '--workers', '3')).toMatchObject({ exitCode: 0 });
    expect(await steer('resume')).toMatchObject({ exitCode: 0 });
    let most = 0;
    const ended = new AbortController();
    const watching = (async () => {
      while (!ended.signal.aborted) most = Math.max(most, await client.value<number>(WORKERS_AT_ONCE));
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
    expect((await steer('status')).stdout).toContain('The backfill is finished: 60,000 rows.');
  },
  RUN_MS,
);
