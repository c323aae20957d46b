import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Pool } from 'pg';
import { followColumn } from '../../../src/online-migration/follow/follow-column.ts';
import { eventChange } from '../../support/event-change.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator } from '../../support/event-project/migrator.ts';
import type { TestMigrator } from '../../support/test-migrator.ts';
import { insertEvents } from '../../support/event-table.ts';
import { describeInTerminal, inTerminal, shownLines } from '../../support/terminal.ts';
import { createTestDatabase } from '../../support/test-server.ts';
import { CONFIG } from '../../support/event-project/commands.ts';
import { startCommand } from '../../support/running-command.ts';

const PROJECT_FOLDER = join(import.meta.dirname, '../../..');
const ROWS = 1_000;

const resources = new AsyncDisposableStack();
let url: string;
let client: DatabaseClient;
let migrator: TestMigrator;

beforeAll(async () => {
  ({ url } = resources.use(await createMigratedDatabase('0001')));
  client = resources.use(await connect(url, 'someone'));
  await insertEvents(client, ROWS);
  migrator = resources.use(await openMigrator(url));
});
afterAll(() => resources.disposeAsync());

async function runStatus(databaseUrl: string, ...options: string[]) {
  await using command = await startCommand('status', [...CONFIG, ...options], {
    env: { DATABASE_URL: databaseUrl },
  });
  return await command.ended;
}

describe('npx online-migration status', () => {
  it.each([
    ['0001', 'initial', 'at', null],
    ['0002', 'expanded', 'at', null],
    ['0003', 'backfilled', 'at', ROWS],
    ['0004', 'enforced', 'at_new', ROWS],
    ['0005', 'contracted', 'at_new', null],
    ['0006', 'renamed', 'at', null],
  ])('--json at %s says %s', async (migration, stage, activeColumn, rows) => {
    await migrator.go(migration);
    const { exitCode, stdout, stderr } = await runStatus(url, '--json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      stage,
      activeColumn,
      backfill: rows === null ? null : { rowsDone: rows, percent: 100, finished: true },
      size: {
        heapBytes: expect.any(Number),
        indexBytes: expect.any(Number),
        estimatedRows: expect.any(Number),
      },
      processes: [],
      statements: [],
      lockWaits: [],
      lockHolds: expect.any(Array),
    });
  });

  it('in words has a line for each part, none over 80 columns, and no control character of others', async () => {
    await migrator.go('0001');
    await migrator.go('0004');
    const pool = new Pool({ connectionString: url, max: 1 });
    await using following = new AsyncDisposableStack();
    following.defer(() => pool.end());
    following.use(await followColumn({ change: eventChange, pool, connection: url, log: () => undefined }));
    await client.rows(`begin`);
    await client.rows(`select '\u001B[2J\u0007 ${'long '.repeat(50)}'`);
    const { exitCode, stdout, stderr } = await runStatus(url);
    await client.rows(`rollback`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [, ...lines] = stdout.trimEnd().split('\n').filter(Boolean);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stripVTControlCharacters(stdout)).toBe(stdout);
    expect(stdout).not.toContain('\u0007');
    const text = lines.join('\n');
    expect(text).toMatch(/^Stage {10}enforced \(4 of 6\)$/m);
    expect(text).toMatch(/^Active column {2}at_new$/m);
    expect(text).toMatch(/^Backfill {7}finished, 1,000 rows$/m);
    expect(text).toMatch(/^Table {10}\d+ MB, indexes \d+ MB, about 1,000 rows$/m);
    expect(text).toMatch(/^Processes {6}\S+:\d+ uses the new column/m);
    expect(text).toMatch(/^At work {8}\d+ "someone" idle in transaction \d/m);
    expect(text).toMatch(/^Lock waits {5}none$/m);
    expect(text).toMatch(/^Locks held {5,}\d+\.\d ms ACCESS EXCLUSIVE: enforce: set not null$/m);
  });

  it('--watch --json writes a line each second until it is interrupted', async () => {
    await using command = await startCommand('status', [...CONFIG, '--watch', '--json'], {
      env: { DATABASE_URL: url },
    });
    await command.printed(/\n.*\n/);
    command.kill('SIGINT', 'process');
    const { exitCode, stdout } = await command.ended;
    expect(exitCode).toBe(130);
    for (const line of stdout.trimEnd().split('\n')) {
      expect(JSON.parse(line)).toMatchObject({ stage: 'enforced' });
    }
  });

  it('--watch goes on while the table is not there yet', async () => {
    await using database = await createTestDatabase();
    await using command = await startCommand('status', [...CONFIG, '--watch'], {
      env: { DATABASE_URL: database.url },
    });
    await command.printed(/does not exist: run the migration that creates it[^]*Trying again every second\./);
    await using late = await openMigrator(database.url);
    await late.go('0001');
    await expect(command.printed(/Stage {10}initial/)).resolves.toBeUndefined();
  });

  it('without a table is a sentence and exit code 1', async () => {
    await using database = await createTestDatabase();
    const { exitCode, stderr } = await runStatus(database.url);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^The table "public"\."event" does not exist: run the migration that creates it.*\.\nError code: TABLE_NOT_READY\n$/,
    );
  });

  it('with an option that it does not have is a sentence', async () => {
    const { exitCode, stderr } = await runStatus(url, '--wach');
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      "error: unknown option '--wach'\n(Did you mean --watch?)\nRun it with --help for its options.\nError code: WRONG_USAGE\n",
    );
  });
});

describeInTerminal('npx online-migration status --watch in a terminal of 80 columns', () => {
  it('redraws in place', async () => {
    await migrator.go('0004');
    // Its time grows, so that there is something new to draw.
    await client.rows(`begin`);
    await client.rows(`select 1`);
    const command = `timeout --signal INT 5 ${process.execPath} src/online-migration/cli/online-migration.ts status --watch ${CONFIG.join(' ')}`;
    const { stdout } = spawnSync('script', inTerminal(command), {
      cwd: PROJECT_FOLDER,
      encoding: 'utf8',
      env: { ...process.env, DATABASE_URL: url, NO_COLOR: '1', NODE_OPTIONS: '', TERM: 'xterm' },
    });
    await client.rows(`rollback`);
    const times = stdout.match(/idle in transaction \d+\.\d|(?<=\d )\d+\.\d(?= s: select 1)/g) ?? [];
    expect(new Set(times).size).toBeGreaterThan(1);
    const lines = await shownLines(stdout);
    expect(lines.filter((line) => line.startsWith('Stage'))).toEqual(['Stage          enforced (4 of 6)']);
    expect(lines.filter((line) => line.startsWith('Locks held'))).toHaveLength(1);
  });
});
