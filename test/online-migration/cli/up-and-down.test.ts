import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { databasePerFile } from '../../support/tested-database.ts';

const PACKAGE = join(import.meta.dirname, '../../../src/online-migration');
const ONLINE_MIGRATION = join(PACKAGE, 'cli/online-migration.ts');

/** A project without MikroORM whose change is of `orders.total`. */
const PROJECT = `
  import { textToNumeric } from '${PACKAGE}/conversions/index.ts';
  export default {
    changes: [{
      table: { schema: 'public', name: 'orders' },
      key: 'id',
      columns: [{
        from: { name: 'total', type: 'text' },
        to: { name: 'total_new', type: 'numeric(12,2)' },
        conversion: textToNumeric(12, 2),
      }],
    }],
    connection: process.env.DATABASE_URL,
  }`;

const database = databasePerFile(
  `create table orders (id bigint generated always as identity primary key, total text not null)`,
  `insert into orders (total) select i || '.5' from generate_series(1, 2000) i`,
);
const { client } = database;

let resources: AsyncDisposableStack;
let folder: string;
beforeEach(async () => {
  resources = new AsyncDisposableStack();
  folder = resources.use(await mkdtempDisposable(join(tmpdir(), 'plain-project-'))).path;
  await writeFile(join(folder, 'online-migration.config.ts'), PROJECT);
});
afterEach(() => resources.disposeAsync());

async function run(...options: string[]) {
  return await runIn({ DATABASE_URL: database.url }, ...options);
}

async function runIn(env: Record<string, string>, ...options: string[]) {
  const child = spawn(process.execPath, [ONLINE_MIGRATION, ...options], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { exitCode, stdout, stderr };
}

const phases = async () =>
  (await client.rows(`select phase from online_migration.phase order by applied_at`)).map(
    ({ phase }) => phase,
  );

describe('npx online-migration up and down', () => {
  it('run twice at once: the second waits for the first, and runs only the rest', async () => {
    const [one, other] = await Promise.all([run('up', '--to', 'enforced'), run('up', '--to', 'enforced')]);
    expect(one).toMatchObject({ exitCode: 0, stderr: '' });
    expect(other).toMatchObject({ exitCode: 0, stderr: '' });
    expect((one.stdout + other.stdout).match(/^\w+ up$/gm)).toEqual([
      'expand up',
      'backfill up',
      'enforce up',
    ]);
    expect(await phases()).toEqual(['expand', 'backfill', 'enforce']);
    expect(await run('down', '--to', 'initial')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });

  it('finish a backfill whose process was killed before it wrote the ledger', async () => {
    await run('up', '--to', 'backfilled');
    await client.rows(`delete from online_migration.phase where phase = 'backfill'`);
    expect(await run('up', '--to', 'enforced')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await phases()).toEqual(['expand', 'backfill', 'enforce']);
  });

  it('leave a column alone that has the interim name and is not of the change', async () => {
    await client.rows(`alter table orders add column total_new numeric(12,2)`);
    for (const direction of ['up', 'down']) {
      const { exitCode, stderr } = await run(direction, '--to', direction === 'up' ? 'renamed' : 'initial');
      expect(stderr).toContain(
        'The table has a column total_new that is not from this change: declare another `to.name`.',
      );
      expect(exitCode).toBe(1);
    }
    expect(await client.value(`select count(total_new) from orders`)).toBe('0');
  });

  it('refuse an interim name that was edited during the change, and leave it as it is', async () => {
    await run('up', '--to', 'enforced');
    const config = join(folder, 'online-migration.config.ts');
    await writeFile(config, PROJECT.replace(`'total_new'`, `'total_c'`));
    for (const options of [['up'], ['down', '--to', 'initial'], ['preflight']]) {
      // oxlint-disable-next-line no-await-in-loop -- they share the table
      const { exitCode, stdout, stderr } = await run(...options);
      expect(stdout + stderr).toContain(
        'The change public.orders.total is under way with the `to.name` total_new, and the declaration says total_c: set it back',
      );
      expect(exitCode).toBe(1);
    }
    await client.rows(`insert into orders (total) values ('7.5')`);
    await writeFile(config, PROJECT);
    expect(await run('down', '--to', 'initial')).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('a configuration that cannot be used', () => {
  it.each([
    [
      'throws',
      `throw new Error('no vault')`,
      /online-migration\.config\.ts cannot be loaded: no vault\nError code: CONFIG_INVALID/,
    ],
    [
      'exports nothing',
      `export {}`,
      /must export `\{ changes, connection \}` as its default\.\nError code: CONFIG_INVALID/,
    ],
  ])('%s', async (_, source, message) => {
    await writeFile(join(folder, 'online-migration.config.ts'), source);
    const { exitCode, stderr } = await run('up');
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(1);
  });

  it('has an empty connection', async () => {
    const { exitCode, stderr } = await runIn({}, 'up');
    expect(stderr).toMatch(
      /`connection` of the configuration is empty: is DATABASE_URL set\?.*\nError code: CONFIG_INVALID/,
    );
    expect(exitCode).toBe(1);
  });
});
