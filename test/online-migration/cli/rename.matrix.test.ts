import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { databasePerFile } from '../../support/tested-database.ts';
import { openPlainProject, type PlainProject } from './plain-project.ts';

const database = databasePerFile(
  `create table orders (id bigint generated always as identity primary key, total text not null)`,
  `insert into orders (total) select i || '.5' from generate_series(1, 20) i`,
);
const { client } = database;
const CONVERSIONS = join(import.meta.dirname, '../../../src/online-migration/conversions/index.ts');

let project: PlainProject;
beforeEach(async () => {
  project = await openPlainProject();
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
});

const run = (...options: string[]) => project.run(database.url, ...options);
const declare = (to: string, rest = '', options = '') =>
  writeFile(
    join(project.folder, 'online-migration.config.ts'),
    `
    import { textToNumeric } from '${CONVERSIONS}';
    export default {
      changes: [{
        table: { schema: 'public', name: 'orders' }, key: 'id', ${options}
        columns: [{ from: { name: 'total', type: 'text' }, to: ${to}, ${rest} }],
      }],
      connection: process.env.DATABASE_URL,
    }`,
  );
const columns = async () =>
  client.value(
    `select string_agg(attname, ' ' order by attname) from pg_attribute where attrelid = 'orders'::regclass and attnum > 0 and not attisdropped`,
  );

describe('the commands with a change that is only a rename', () => {
  beforeEach(() => declare(`{ name: 'sum', type: 'text' }`));

  it('check it, carry it out, show it and revert it', async () => {
    const checked = await run('preflight');
    expect(checked).toMatchObject({ exitCode: 0, stderr: '' });
    expect(checked.stdout).toContain(
      `A rename reads and writes no value of total.\nOnly people can check:\n  Programs that use total and do not follow the change: they fail from rename on, until they use sum.\n`,
    );
    expect(checked.stdout).toMatch(/Ready: nothing stops this change\.\n$/);
    expect((await run('status')).stdout).toMatch(
      /Stage {10}initial \(1 of 2\)\nActive column {2}total\nBackfill {7}not needed\n/,
    );
    const up = await run('up');
    expect(up).toMatchObject({ exitCode: 0, stderr: '' });
    expect(up.stdout).toMatch(/\nrename up\n[^]*\npublic\.orders\.total is at renamed\.\n$/);
    expect(await columns()).toBe('id sum');
    expect((await run('up')).stdout).toContain('public.orders.total is at renamed already.');
    expect((await run('status')).stdout).toMatch(/Stage {10}renamed \(2 of 2\)\nActive column {2}sum\n/);
    expect(JSON.parse((await run('status', '--json')).stdout)).toMatchObject({
      stage: 'renamed',
      stages: ['initial', 'renamed'],
    });
    expect((await run('preflight')).stdout).toContain(
      'The database is at renamed: the column has its new name, there is nothing left to check.',
    );
    expect((await run('backfill', 'status')).stdout).toContain('it needs no backfill any more.');
    const down = await run('down', '--to', 'initial');
    expect(down).toMatchObject({ exitCode: 0, stderr: '' });
    expect(down.stdout).toContain('\nrename down\n');
    expect(await columns()).toBe('id total');
  });

  it('report obstacles, and refuse a stage that it does not have', async () => {
    for (const stage of ['expanded', 'contracted']) {
      // oxlint-disable-next-line no-await-in-loop -- they share the table
      expect(await run('up', '--to', stage)).toMatchObject({
        exitCode: 1,
        stderr: `The change public.orders.total has no stage ${stage}. Its stages are: initial, renamed.\nError code: STAGE_UNKNOWN\n`,
      });
    }
    await client.rows(`alter table orders add column sum text`);
    const { exitCode, stdout } = await run('preflight');
    expect(stdout).toContain('In the way: public.orders has a column sum already');
    expect(exitCode).toBe(1);
  });
});

it('the commands carry out a contract that also renames, and go on behind an interrupted way back', async () => {
  await declare(
    `{ name: 'total_new', type: 'numeric(12,2)' }`,
    `conversion: textToNumeric(12, 2)`,
    `renameInContract: true,`,
  );
  const up = await run('up');
  expect(up).toMatchObject({ exitCode: 0, stderr: '' });
  expect(up.stdout.match(/^\w+ up$/gm)).toEqual(['expand up', 'backfill up', 'enforce up', 'contract up']);
  expect((await run('status')).stdout).toContain('Stage          renamed (5 of 5)');
  expect(await run('down', '--to', 'contracted')).toMatchObject({
    stderr: expect.stringContaining(
      'has no stage contracted. Its stages are: initial, expanded, backfilled, enforced, renamed.',
    ),
  });
  // As it is after the first transaction of the way back.
  await client.rows(`alter table orders rename total to total_new`);
  expect((await run('status')).stdout).toContain(
    'Stage          contracted, the way back of contract is not finished',
  );
  expect((await run('up')).stdout.match(/^\w+ up$/gm)).toEqual(['contract up']);
  await client.rows(`alter table orders rename total to total_new`);
  const down = await run('down', '--to', 'enforced');
  expect(down).toMatchObject({ exitCode: 0, stderr: '' });
  expect(down.stdout.match(/^\w+ down$/gm)).toEqual(['contract down']);
  expect(await run('down', '--to', 'initial')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await columns()).toBe('id total');
});

it.each([
  [
    'another type',
    `{ name: 'sum', type: 'numeric' }`,
    '',
    'has no `conversion` from text to numeric: declare one. To rename the column only, declare the type text twice.\nError code: CONVERSION_MISSING',
  ],
  [
    'the same name',
    `{ name: 'total', type: 'text' }`,
    '',
    'has the same name in `from` and `to`, but without a `conversion`',
  ],
  ['an index', `{ name: 'sum', type: 'text' }`, 'index: true', 'has `index`, but without a `conversion`'],
  ['another default', `{ name: 'sum', type: 'text', default: "''" }`, '', 'has another default in `to`'],
])('a rename with %s is refused by each command', async (_, to, rest, message) => {
  await declare(to, rest);
  for (const command of ['status', 'up', 'preflight']) {
    // oxlint-disable-next-line no-await-in-loop -- they share the table
    const { exitCode, stderr } = await run(command);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(1);
  }
});

it('a rename with `renameInContract` is refused, and so is a text for it', async () => {
  await declare(`{ name: 'sum', type: 'text' }`, '', 'renameInContract: true,');
  expect((await run('status')).stderr).toContain('belongs to a change with `renameInContract`');
  await declare(`{ name: 'sum', type: 'text' }`, '', `renameInContract: 'yes',`);
  expect((await run('status')).stderr).toContain('the change needs `renameInContract`: true or false.');
});
