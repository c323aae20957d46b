import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createMigratedDatabase } from '../../support/migrator.ts';
import type { TestDatabase } from '../../support/test-server.ts';
import { startCommand } from '../../support/running-command.ts';

const resources = new AsyncDisposableStack();
let database: TestDatabase;
let client: DatabaseClient;

beforeAll(async () => {
  database = resources.use(await createMigratedDatabase('0002'));
  client = resources.use(await connect(database.url));
});
afterAll(() => resources.disposeAsync());

async function steer(
  ...words: string[]
): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  await using command = await startCommand('backfill', words, { env: { DATABASE_URL: database.url } });
  return await command.ended;
}

describe('npx online-migration backfill', () => {
  it.each([
    [['stop'], 'CHANGE_UNKNOWN', 'There is no column change stop'],
    [['set'], 'WRONG_USAGE', 'Name a setting: --batch-ms or --workers.'],
    [['set', '--speed=9'], 'WRONG_USAGE', "unknown option '--speed=9'"],
    [
      ['set', '--workers=0'],
      'WRONG_USAGE',
      "argument '0' is invalid. It must be a whole number from 1 to 64.",
    ],
    [
      ['set', '--batch-ms=abc'],
      'WRONG_USAGE',
      "argument 'abc' is invalid. It must be a whole number from 1 to 10000.",
    ],
    [['work', 'harder', 'please'], 'WRONG_USAGE', 'too many arguments'],
    [['pause'], 'NO_BACKFILL', 'No backfill is under way'],
  ])('%j is a sentence and exit code 1', async (words, code, sentence) => {
    const { exitCode, stderr } = await steer(...words);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(sentence) });
    expect(stderr).toMatch(new RegExp(`\\nError code: ${code}\\n$`));
  });

  it('has nothing to pause in a database without a change', async () => {
    await using untouched = await createMigratedDatabase('0001');
    await using command = await startCommand('backfill', ['pause'], { env: { DATABASE_URL: untouched.url } });
    const { exitCode, stderr } = await command.ended;
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringContaining('No backfill is under way'),
    });
  });

  it('has no number of workers to set where they are processes', async () => {
    await client.rows(`create schema online_migration_queue`);
    await client.rows(`create table online_migration_queue.queue ()`);
    const { exitCode, stderr } = await steer('set', '--workers=2');
    await client.rows(`drop schema online_migration_queue cascade`);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('start one more with `npx online-migration backfill work`');
    expect(stderr).toContain('\nError code: WORKERS_ARE_PROCESSES\n');
  });

  it('changes the row that a running backfill reads', async () => {
    expect(await steer('status')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('No backfill has begun.'),
    });
    await client.rows(`
      insert into online_migration.backfill (change, direction, rows_total)
      values ('public.large_record.created_at', 'forward', 5000)`);
    expect(await steer('set', '--batch-ms=50', '--workers=2')).toMatchObject({ exitCode: 0 });
    expect(await steer('pause')).toMatchObject({ exitCode: 0 });
    const row = () => client.rows(`select paused, batch_ms, workers from online_migration.backfill`);
    expect(await row()).toEqual([{ paused: true, batch_ms: 50, workers: 2 }]);
    expect(await steer('resume')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('0 of 5,000 rows'),
    });
    expect(await row()).toEqual([{ paused: false, batch_ms: 50, workers: 2 }]);
    await client.rows(`update online_migration.backfill set finished_at = now()`);
    expect(await steer('pause')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/The backfill is finished: .* The phases that follow are paused/),
    });
  });
});
