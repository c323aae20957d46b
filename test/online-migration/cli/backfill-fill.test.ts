import { describe, expect, it } from '@jest/globals';
import { CONFIG } from '../../support/event-project/commands.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { acquireMigratorLock } from '../../../src/online-migration/state/migrator-lock.ts';
import { runParts } from '../../support/fill-run.ts';
import { startCommand } from '../../support/running-command.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const ROWS = 20_000;

const database = databasePerFile(
  `create table orders (id bigint primary key, total_cents bigint)`,
  `insert into orders select n from generate_series(1, ${ROWS}) n`,
);

const FILL = { table: 'orders', set: { total_cents: 'id' }, where: 'total_cents is null' };

async function steer(
  ...words: string[]
): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  await using command = await startCommand('backfill', [...CONFIG, ...words], {
    env: { DATABASE_URL: database.url },
  });
  return await command.ended;
}

/** Runs the fill, and interrupts it in the middle. */
async function interruptFill(): Promise<void> {
  const interrupt = new AbortController();
  const cut = runParts(database.url, [FILL], {
    settings: { backfill: { batchMs: 1 } },
    signal: interrupt.signal,
    heard: (event) =>
      event.type === 'backfill-progress' &&
      event.rowsDone > 100 &&
      interrupt.abort(new Error('Interrupted.')),
  });
  await expect(cut).rejects.toThrow('Interrupted.');
}

describe('npx online-migration status', () => {
  it('shows a fill that runs, one that is paused, and one that was interrupted', async () => {
    const shown = async (...words: string[]) => {
      await using command = await startCommand('status', [...CONFIG, ...words], {
        env: { DATABASE_URL: database.url },
      });
      return await command.ended;
    };
    expect(await shown('Filling')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/CHANGE_UNKNOWN/),
    });
    await interruptFill();
    const { exitCode, stdout } = await shown('Filling');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^Fills {10}Filling: \d+\.\d %, [\d,]+ of [\d,]+ rows\n {17}no process works on it: the command that began it continues it$/m,
    );
    await database.client.rows(`update online_migration.backfill set paused = true`);
    await using migrator = await Session.open({ connectionString: database.url }, 'holds the lock');
    await acquireMigratorLock(migrator, () => undefined, AbortSignal.timeout(10_000));
    expect((await shown('Filling')).stdout).toMatch(/^Fills {10}Filling: .* rows, waits: paused by hand$/m);
    expect(JSON.parse((await shown('Filling', '--json')).stdout)).toMatchObject({
      fills: [{ migration: 'Filling', isPaused: true, isAbandoned: false, progress: { finished: false } }],
    });
  });
});

describe('npx online-migration backfill', () => {
  it('shows and steers the fill of a migration, with and without its name', async () => {
    await interruptFill();
    const left = expect.stringMatching(
      / of [\d,]+ rows, \d+\.\d %; no process works on it: the command that began it continues it/,
    );
    expect(await steer('status')).toMatchObject({ exitCode: 0, stdout: left });
    expect(await steer('pause', 'Filling')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Paused, until `npx online-migration backfill resume`.'),
    });
    expect(await database.client.rows(`select paused from online_migration.backfill`)).toEqual([
      { paused: true },
    ]);
    const { exitCode, stderr } = await steer('pause', 'Other');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('CHANGE_UNKNOWN') });
    await database.client.rows(`update online_migration.backfill set paused = false`);
    await runParts(database.url, [FILL]);
    expect(await database.client.value(`select count(*)::int from orders where total_cents = id`)).toBe(ROWS);
  });
});
