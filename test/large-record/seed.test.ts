import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Client } from 'pg';
import { createLargeRecordTable, type LargeRecordTable } from './support/large-record-table.ts';
import { startCommand } from '../support/running-command.ts';

/** More rows than any machine seeds during a test. */
const ENDLESS = '10000000000';
const POLL_MS = 20;

/** Runs the command until it ends. */
async function seed(url: string, ...programArguments: string[]) {
  await using command = await startCommand('seed', programArguments, { env: { DATABASE_URL: url } });
  return await command.ended;
}

/** Appends one record, and expects every number up to it exactly once. */
async function expectToGoOn({ url, client }: LargeRecordTable, rowsBefore: number): Promise<void> {
  const { stdout } = await seed(url, '--rows', '1', '--append');
  expect(stdout).toContain(`Seeded LargeRecord_${rowsBefore + 1} to LargeRecord_${rowsBefore + 1} `);
  expect(await countRows(client)).toBe(rowsBefore + 1);
  const { rows } = await client.query(
    `select count(distinct name)::integer as names from large_record where name ~ '^LargeRecord_[1-9]'`,
  );
  expect(rows).toEqual([{ names: rowsBefore + 1 }]);
}

async function countRows(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>('select count(*) from large_record');
  return Number(rows[0]!.count);
}

/** Resolves when no other client is connected to the database. */
async function awaitEndOfSessions(client: Client): Promise<void> {
  const others = `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
  while ((await client.query(others)).rowCount !== 0) await delay(POLL_MS);
}

describe('npm run seed', () => {
  it('prints its progress in plain lines if the output is not a terminal', async () => {
    await using table = await createLargeRecordTable('old');
    const { exitCode, stdout, stderr } = await seed(table.url, '--rows', '1000');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(
      /^Database: postgres(ql)?:.*\nSeeded LargeRecord_1 to LargeRecord_1000 in \d+\.\d s \([\d,]+ rows\/s\)\.\n$/,
    );
    expect(stdout).not.toContain(new URL(table.url).password || '\u001b');
  });

  it('refuses a second run, except with --append', async () => {
    await using table = await createLargeRecordTable('old');
    await seed(table.url, '--rows', '5');
    expect(await seed(table.url, '--rows', '5')).toMatchObject({
      exitCode: 1,
      stderr:
        'The table public.large_record already has rows: add --append to continue after the last one.\n',
    });
    const { exitCode, stdout } = await seed(table.url, '--append', '--rows', '5');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Seeded LargeRecord_6 to LargeRecord_10 ');
  });

  it('refuses bad options before it asks for a database', async () => {
    expect(await seed('postgresql://nobody@127.0.0.1:1/none', '--rows', '0')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        '--rows must be a whole number from 1 to 251698197600.\n' +
        'Usage: npm run seed -- [--rows <number>] [--append]\nError code: WRONG_USAGE\n',
    });
  });

  it('prints on Ctrl-C how to continue, and continues without a gap', async () => {
    await using table = await createLargeRecordTable('old');
    await using command = await startCommand('seed', ['--rows', ENDLESS], {
      env: { DATABASE_URL: table.url },
    });
    await command.printed(/of 10,000,000,000 rows/);
    command.kill('SIGINT', 'group');
    const { exitCode, stderr } = await command.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toMatch(
      /^[\d,]+ rows are seeded\. To add the rest, run `npm run seed -- --rows \d+ --append`\.\nInterrupted \(SIGINT\)\.\n$/,
    );
    await expectToGoOn(table, Number(stderr.split(' ')[0]!.replaceAll(',', '')));
  });

  it('continues without a gap after it was killed', async () => {
    await using table = await createLargeRecordTable('old');
    await using command = await startCommand('seed', ['--rows', ENDLESS], {
      env: { DATABASE_URL: table.url },
    });
    await command.printed(/of 10,000,000,000 rows/);
    command.kill('SIGKILL', 'process');
    await command.ended;
    // The server may still run the killed process's last statement.
    await awaitEndOfSessions(table.client);
    const rows = await countRows(table.client);
    expect(rows).toBeGreaterThan(0);
    await expectToGoOn(table, rows);
  });
});
