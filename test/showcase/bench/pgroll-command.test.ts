import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { changeWithPgroll } from '../../../src/showcase/bench/pgroll-command.ts';
import { createMigratedDatabase } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { connect } from '../../support/database-client.ts';
import { PGROLL_STATEMENTS, writePgroll } from './fake-pgroll.ts';

const ROWS = 500;
const { signal } = new AbortController();

async function createSeededDatabase(): Promise<AsyncDisposable & { url: string; rows: number }> {
  const database = await createMigratedDatabase('0001');
  await using client = await connect(database.url);
  await insertRows(client, ROWS);
  return { ...database, rows: ROWS };
}

describe('the real pgroll', () => {
  it.each(['complete', 'rollback'] as const)('is timed from init to %s', async (end) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'pgroll-test-'));
    const binary = await writePgroll(folder.path);
    await using database = await createSeededDatabase();

    const steps = await changeWithPgroll(binary, database, end, signal);

    const commands = ['init', 'baseline', 'start', end];
    expect(steps).toEqual(
      commands.map((command) => ({
        command,
        seconds: expect.any(Number),
        isBesideAutovacuum: expect.any(Boolean),
      })),
    );
    const calls = (await readFile(join(folder.path, 'calls'), 'utf8')).trim().split('\n');
    const words = calls.map((line) => JSON.parse(line) as string[]);
    expect(words.map(([command]) => command)).toEqual(commands);
    expect(words[1]!.slice(1)).toEqual(['01_table', expect.any(String), '--yes', '']);
    expect(words[2]![1]).toMatch(/02_created_at\.json$/);
    expect(JSON.parse(words[2]![2]!)).toMatchObject({
      operations: [
        {
          alter_column: {
            table: 'large_record',
            column: 'created_at',
            type: 'timestamptz',
            up: expect.stringContaining('created_at::timestamp'),
            down: expect.stringContaining('to_char'),
          },
        },
      ],
    });
  });

  it('fails with the output of a command that fails', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'pgroll-test-'));
    const binary = await writePgroll(folder.path, { ...PGROLL_STATEMENTS, start: 'fail' });
    await using database = await createSeededDatabase();
    await expect(changeWithPgroll(binary, database, 'complete', signal)).rejects.toThrow(
      'Failed to start migration',
    );
  });

  it.each([
    [
      'a row has another value',
      `${PGROLL_STATEMENTS.start}; update large_record set _pgroll_new_created_at = now() where id = 7`,
      'After pgroll complete, 0 rows are missing and 1 have a wrong value.',
    ],
    [
      'another column is left',
      `${PGROLL_STATEMENTS.start}; alter table large_record add column _pgroll_needs_backfill boolean`,
      'After pgroll complete, the columns are _pgroll_needs_backfill boolean, created_at timestamp with time zone,',
    ],
  ])('is refused if %s', async (_what, start, sentence) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'pgroll-test-'));
    const binary = await writePgroll(folder.path, { ...PGROLL_STATEMENTS, start });
    await using database = await createSeededDatabase();
    await expect(changeWithPgroll(binary, database, 'complete', signal)).rejects.toThrow(sentence);
  });
});
