import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { databasePerTest } from '../../support/tested-database.ts';
import { runCommandIn } from './plain-project.ts';

const LIMIT_MS = 60_000;
const LEDGER = `(id serial primary key, name varchar(255), executed_at timestamptz)`;

const database = databasePerTest(`
  create schema app;
  create table part (id bigint primary key, size integer not null);
  create table mikro_orm_migrations ${LEDGER};
  create table app.mikro_orm_migrations ${LEDGER};
  create table app.applied ${LEDGER}`);

// The other tables of these names may be the user's.
it.each([
  ['', ['app.applied', 'app.mikro_orm_migrations', 'public.mikro_orm_migrations']],
  [`mikroOrm: {},`, ['app.applied', 'app.mikro_orm_migrations']],
  [`mikroOrm: async () => ({ schema: 'app' }),`, ['app.applied', 'public.mikro_orm_migrations']],
  [
    `mikroOrm: { schema: 'public', migrations: { tableName: 'app.applied' } },`,
    ['app.mikro_orm_migrations', 'public.mikro_orm_migrations'],
  ],
  [
    `mikroOrm: { migrations: { tableName: 'applied', schema: 'app' } },`,
    ['app.mikro_orm_migrations', 'public.mikro_orm_migrations'],
  ],
])(
  'survey leaves out the ledger that MikroORM is configured with: %s',
  async (mikroOrm, others) => {
    await using project = await mkdtempDisposable(join(tmpdir(), 'orm-project-'));
    await writeFile(
      join(project.path, 'online-migration.config.mjs'),
      `export default { changes: [], connection: process.env.DATABASE_URL, ${mikroOrm} };`,
    );
    const { exitCode, stdout } = await runCommandIn(project.path, database.url, 'survey', '--json');
    expect(exitCode).toBe(0);
    const { tables, found } = JSON.parse(stdout) as {
      tables: number;
      found: { schema: string; table: string }[];
    };
    const names = new Set(found.map(({ schema, table }) => `${schema}.${table}`));
    expect([...names].toSorted()).toEqual([...others, 'public.part'].toSorted());
    expect(tables).toBe(names.size);
  },
  LIMIT_MS,
);
