import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '../../support/test-server.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { openProjectCopy, type ProjectCopy, ONLINE_MIGRATION } from './new-project.ts';

/** The linter, the type check and the migrations. */
const LIMIT_MS = 240_000;
const MIKRO_ORM = 'node_modules/@mikro-orm/cli/cli.js';
const ODD = `Odd "€" $migration$ \`\${x}\` */ it's %`;

const TABLES = [
  `create table visit (id bigint generated always as identity primary key, page varchar(20) not null, at timestamp not null)`,
  `create index visit_page_idx on visit (page)`,
  `insert into visit (page, at) select 'page ' || i, timestamp '2024-03-31 02:30:00' + i * interval '1 hour' from generate_series(1, 1000) as i`,
  `create schema "Odd"`,
  `create table "Odd"."${ODD.replaceAll('"', '""')}" ("Found?" numeric(6,2), found varchar(3) collate "C")`,
  `insert into "Odd"."${ODD.replaceAll('"', '""')}" values (1.25, 'a')`,
  `create table viewed (id integer primary key, label varchar(10)); create view labels as select label from viewed; create table kept (was labels)`,
  `create table checked (id integer primary key, label varchar(10) check (label <> ''))`,
];

let copy: ProjectCopy;
beforeAll(async () => {
  copy = await openProjectCopy(TABLES);
});
afterAll(async () => copy[Symbol.asyncDispose]());

/** The file of a table and its indexes, the type of the column, and how many columns have statistics. */
async function stateOf(client: DatabaseClient, table: string, column: string) {
  const [state] = await client.rows<{ type: string; files: string[]; statistics: number }>(
    `
    select format_type(a.atttypid, a.atttypmod) as type,
      array(
        select pg_relation_filenode(oid)::text from pg_class where oid = a.attrelid
        union all
        select pg_relation_filenode(indexrelid)::text from pg_index where indrelid = a.attrelid
      ) as files,
      (select count(*)::int from pg_statistic where starelid = a.attrelid and staattnum = a.attnum) as statistics
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relname = $1 and a.attname = $2`,
    [table, column],
  );
  return state!;
}

describe('npx online-migration new of a change that PostgreSQL makes at once', () => {
  it(
    'writes one ordinary migration, which changes the type up and down without a rewrite',
    async () => {
      const page = await copy.changeNew('--table', 'visit', '--column', 'page', '--to', 'text');
      expect(page).toMatchObject({ exitCode: 0, stderr: '' });
      expect(page.stdout).toContain(
        'PostgreSQL changes page from character varying(20) to text at once: it neither reads nor rewrites visit.\n' +
          'So one ordinary migration is enough. For a column change with its phases, add --phases.\n\n' +
          `Files written:\n  migrations/${copy.newNumber(1)}_alter_visit_page.ts\n\n` +
          `Next:\n  npx mikro-orm migration:up --to ${copy.newNumber(1)}\n`,
      );
      expect(existsSync(join(copy.folder, 'src/visit'))).toBe(false);
      expect(await readFile(join(copy.folder, 'src/column-changes.ts'), 'utf8')).not.toContain('visit');
      const at = await copy.changeNew('--table', 'visit', '--column', 'at', '--to', 'timestamptz');
      expect(at.stdout).toContain(
        'The values of at are taken as UTC. If they are in another time zone, delete the migration and give --zone.\n',
      );
      for (const [column, to] of [
        ['Found?', 'numeric(9,2)'],
        ['found', 'text'],
      ] as const) {
        expect(await copy.changeNew('--table', `Odd.${ODD}`, '--column', column, '--to', to)).toMatchObject({
          exitCode: 0,
          stderr: '',
        });
      }
      const names = (await readdir(join(copy.folder, 'migrations'))).filter((name) => /_alter_/.test(name));
      expect(names).toHaveLength(4);
      const files = names.map((name) => `migrations/${name}`);
      expect(await copy.run('node_modules/oxlint/bin/oxlint', ...files)).toMatchObject({ exitCode: 0 });
      expect(await copy.run('node_modules/oxfmt/bin/oxfmt', '--check', ...files)).toMatchObject({
        exitCode: 0,
      });
      expect(await copy.run('node_modules/typescript/bin/tsc', '--noEmit')).toMatchObject({
        exitCode: 0,
        stdout: '',
      });

      const before = await stateOf(copy.client, 'visit', 'page');
      const times = await copy.client.rows(`select extract(epoch from at) as at from visit order by id`);
      // The migration sets the time zone itself.
      await copy.client.rows(`alter database "${copy.database.name}" set timezone = 'America/New_York'`);
      expect(await copy.run(MIKRO_ORM, 'migration:up')).toMatchObject({ exitCode: 0 });
      expect(await stateOf(copy.client, 'visit', 'page')).toEqual({ ...before, type: 'text', statistics: 1 });
      expect(await stateOf(copy.client, 'visit', 'at')).toMatchObject({
        type: 'timestamp with time zone',
        files: before.files,
      });
      expect(await copy.client.rows(`select extract(epoch from at) as at from visit order by id`)).toEqual(
        times,
      );
      expect(await stateOf(copy.client, ODD, 'Found?')).toMatchObject({ type: 'numeric(9,2)' });
      expect(await stateOf(copy.client, ODD, 'found')).toMatchObject({ type: 'text' });
      expect(
        await copy.client.value(
          `select collation_name from information_schema.columns where column_name = 'found'`,
        ),
      ).toBe('C');

      expect(await copy.run(MIKRO_ORM, 'migration:down', '--to', copy.lastNumber)).toMatchObject({
        exitCode: 0,
      });
      expect(await stateOf(copy.client, 'visit', 'page')).toMatchObject({
        type: 'character varying(20)',
        statistics: 1,
      });
      expect(await copy.client.rows(`select extract(epoch from at) as at from visit order by id`)).toEqual(
        times,
      );
      expect(await stateOf(copy.client, ODD, 'Found?')).toMatchObject({ type: 'numeric(6,2)' });
      expect(await stateOf(copy.client, ODD, 'found')).toMatchObject({ type: 'character varying(3)' });
    },
    LIMIT_MS,
  );

  it(
    'waits for its lock in short tries, behind which nobody waits for long',
    async () => {
      await using blocker = await connect(copy.database.url);
      await blocker.rows('begin; select from visit limit 1');
      const migrated = copy.run(MIKRO_ORM, 'migration:up');
      // Two tries.
      const waits = new Set<string>();
      while (waits.size < 2) {
        const waiting = await copy.client.rows<{ since: string }>(
          `select query_start::text as since from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        for (const { since } of waiting) waits.add(since);
      }
      expect(await stateOf(copy.client, 'visit', 'page')).toMatchObject({ type: 'character varying(20)' });
      await blocker.rows('commit');
      const { exitCode, stdout, stderr } = await migrated;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(stdout + stderr).toMatch(
        /no lock within 100 ms \(try 1\), again in \d+ ms; another session blocked it/,
      );
      expect(await stateOf(copy.client, 'visit', 'page')).toMatchObject({ type: 'text' });
    },
    LIMIT_MS,
  );

  it(
    'refuses a way back that would change values, or rewrite a large table',
    async () => {
      await copy.client.rows(`insert into visit (page, at) values (repeat('x', 21), now())`);
      const changed = await copy.run(MIKRO_ORM, 'migration:down', '--to', copy.lastNumber);
      expect(changed.exitCode).toBe(1);
      expect(changed.stdout + changed.stderr).toContain(
        'page has values that character varying(20) cannot keep. Correct them first.',
      );
      await copy.client.rows(`
        delete from visit where length(page) > 20;
        insert into visit (page, at) select 'page', now() from generate_series(1, 700000)`);
      const large = await copy.run(MIKRO_ORM, 'migration:down', '--to', copy.lastNumber);
      expect(large.exitCode).toBe(1);
      expect(large.stdout + large.stderr).toContain(
        'visit is larger than 32 MB, and PostgreSQL would rewrite it under an exclusive lock. Write a column change back: ' +
          `npx online-migration new --table public.visit --column page --to 'character varying(20)'`,
      );
      expect(await stateOf(copy.client, 'visit', 'page')).toMatchObject({ type: 'text' });
    },
    LIMIT_MS,
  );
});

describe('npx online-migration new of a change that PostgreSQL does not make at once', () => {
  it('names the reasons, and writes a column change or refuses it', async () => {
    const viewed = await copy.changeNew('--table', 'viewed', '--column', 'label', '--to', 'text');
    expect(viewed.stdout).toContain(
      'PostgreSQL could store the values as text without a rewrite, but not at once:\n' +
        '  view labels depends on label.\nSo this is a column change.\n',
    );
    expect(viewed).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^public\.viewed\.label cannot be changed as it is/),
    });
    await copy.client.rows(
      'create table one (id integer primary key, at timestamp); create index on one (at)',
    );
    const indexed = await copy.changeNew('--table', 'one', '--column', 'at', '--to', 'timestamptz');
    expect(indexed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(indexed.stdout).toContain(
      '  PostgreSQL would build the index one_at_idx again.\nSo this is a column change.\n',
    );
    expect(existsSync(join(copy.folder, 'src/one/at-change.ts'))).toBe(true);
  });
});

describe('npx online-migration new without MikroORM', () => {
  it('writes a script for each direction', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'plain-project-'));
    await using database = await createTestDatabase();
    await using client = await connect(database.url);
    for (const statement of TABLES) await client.rows(statement);
    await writeFile(
      join(folder.path, 'online-migration.config.mjs'),
      `export default { changes: [], connection: process.env.DATABASE_URL };`,
    );
    const command = join(import.meta.dirname, '../../..', ONLINE_MIGRATION);
    for (const options of [
      ['--table', 'visit', '--column', 'page', '--to', 'varchar(40)'],
      ['--table', `Odd.${ODD}`, '--column', 'Found?', '--to', 'numeric'],
    ]) {
      const { stdout } = await promisify(execFile)(process.execPath, [command, 'new', ...options], {
        cwd: folder.path,
        env: { ...process.env, DATABASE_URL: database.url, NODE_OPTIONS: '' },
      });
      expect(stdout).toMatch(
        /Next:\n {2}psql --set ON_ERROR_STOP=1 --file migrations\/\d+_alter_\w+\.up\.sql\n/,
      );
    }
    const read = (name: string) => readFile(join(folder.path, 'migrations', name), 'utf8');
    const [down, up, oddDown, oddUp] = await Promise.all(
      (await readdir(join(folder.path, 'migrations'))).toSorted().map(read),
    );
    const before = await stateOf(client, 'visit', 'page');
    await client.rows(up!);
    await client.rows(oddUp!);
    expect(await stateOf(client, 'visit', 'page')).toEqual({
      ...before,
      type: 'character varying(40)',
      statistics: 1,
    });
    expect(await stateOf(client, ODD, 'Found?')).toMatchObject({ type: 'numeric' });
    await client.rows(down!);
    await client.rows(oddDown!);
    expect(await stateOf(client, 'visit', 'page')).toMatchObject({ type: 'character varying(20)' });
    expect(await stateOf(client, ODD, 'Found?')).toMatchObject({ type: 'numeric(6,2)' });
  });
});
