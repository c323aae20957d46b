import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { databasePerFile } from '../../support/tested-database.ts';
import { openPlainProject, type PlainProject } from './plain-project.ts';

/** The lock of the migrating process, as `migrator-lock.ts` takes it. */
const LOCK_KEY = 7_303_014_082_021;

const database = databasePerFile(
  `create table orders (id bigint generated always as identity primary key, total text not null)`,
);
const { client } = database;

let project: PlainProject;
beforeEach(async () => {
  project = await openPlainProject();
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
});

async function run(...options: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await project.run(database.url, ...options);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

describe('rows that do not convert', () => {
  it.each([
    [
      1,
      '1 row did not convert: correct it before enforce',
      '(`npx online-migration preflight` lists it)',
      '1 row does not convert: correct it before it is enforced',
    ],
    [
      1_200,
      '1,200 rows did not convert: correct them before enforce',
      '(`npx online-migration preflight` lists them)',
      '1,200 rows do not convert: correct them before they are enforced',
    ],
  ])('are in the log, in the status and in preflight: %d', async (rows, sentence, remedy, checked) => {
    await client.rows(`insert into orders (total) select 'many' from generate_series(1, ${rows})`);
    expect(await run('up', '--to', 'backfilled')).toContain(`; ${sentence} ${remedy}\n`);
    expect(await run('status')).toContain(`\n${' '.repeat(15)}${sentence}\n${' '.repeat(15)}${remedy}\n`);
    expect(await run('backfill', 'status')).toContain(`. ${sentence} ${remedy}.\n`);
    const { exitCode, stdout } = await project.run(database.url, 'preflight');
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`\n${checked}\n`);
  });

  it('are not mentioned if there are none, and one row is one', async () => {
    await client.rows(`insert into orders (total) values ('1.5')`);
    expect(await run('preflight')).toContain('\n1 row converts; its text is kept for the way back\n');
    const log = await run('up', '--to', 'backfilled');
    expect(log).toContain('backfill: 1 row in ');
    expect(log).not.toMatch(/(?<!\d)1 rows\b/);
    expect(await run('backfill', 'status')).toMatch(/\nThe backfill is finished: 1 row\.\n$/);
    const status = await run('status');
    expect(status).toContain('finished, 1 row\nTable ');
    expect(status).not.toContain('did not convert');
  });
});

describe('a backfill whose process was killed', () => {
  beforeEach(async () => {
    await client.rows(`insert into orders (total) select i::text from generate_series(1, 100) i`);
    await run('up', '--to', 'expanded');
    await client.rows(`
      insert into online_migration.backfill (change, direction, rows_total, rows_per_second, seconds_left)
      values ('public.orders.total', 'forward', 100, 9000, 13)`);
  });
  const ABANDONED = 'no process works on it: the command that began it continues it';

  it('has nobody who works on it, until a process migrates again', async () => {
    expect(await run('backfill', 'status')).toContain(`of 100 rows, 100.0 %; ${ABANDONED}\n`);
    expect(await run('status')).toMatch(new RegExp(`of 100 rows\n {15}${ABANDONED}\n`));
    expect(JSON.parse(await run('status', '--json'))).toMatchObject({ isAbandoned: true });
    const migrating = await database.connect('online-migration backfill up');
    await migrating.rows(`select pg_advisory_lock(${LOCK_KEY})`);
    expect(await run('backfill', 'status')).toContain('9,000 rows/s, time left 13 s\n');
    expect(await run('status')).toContain('9,000 rows/s, 13 s left\n');
  });

  it('is paused and resumed with a confirmation, and does not wait for the pause afterwards', async () => {
    const migrating = await database.connect('online-migration backfill up');
    await migrating.rows(`select pg_advisory_lock(${LOCK_KEY})`);
    const paused = await run('backfill', 'pause');
    expect(paused).toMatch(
      /\nPaused, until `npx online-migration backfill resume`\.\n.*, waits: paused by hand\n$/,
    );
    // The migrating process writes this down, and a moment later that it continues.
    await client.rows(`update online_migration.backfill set paused_for = 'paused by hand'`);
    const resumed = await run('backfill', 'resume');
    expect(resumed).toMatch(/\nResumed: the pause by hand has ended\.\n.*time left 13 s\n$/);
  });
});

it('after contract, the status says that no backfill is needed any more', async () => {
  await client.rows(`insert into orders (total) values ('1.50')`);
  await run('up');
  expect(await run('status')).toMatch(/^Backfill {7}not needed any more$/m);
  expect(await run('backfill', 'status')).toMatch(
    /The change is at renamed: it needs no backfill any more\.\n$/,
  );
});
