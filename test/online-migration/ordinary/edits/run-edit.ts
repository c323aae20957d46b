import { expect } from '@jest/globals';
import type { DatabaseClient } from '../../../support/database-client.ts';
import type { TestedDatabase } from '../../../support/tested-database.ts';
import { type Catalog, countRows, readCatalog } from './catalog.ts';
import type { Edit, Refusal } from './edit.ts';
import { fillTables } from './fill-tables.ts';
import { endWatch, watchLocks } from './locked-reads.ts';
import { createMigration, type Diff, openProject } from './project.ts';

/** The results of a migration that MikroORM's own migrator ran on empty tables. */
interface PlainRun {
  readonly diff: Diff;
  readonly up: Catalog;
  /** Undefined if the way back is refused. */
  readonly down: Catalog | undefined;
  readonly differsAfter: boolean;
}

/**
 * Carries out an edit.
 *
 * 1. MikroORM's own migrator writes the migration, and runs it up and down on empty tables.
 * 2. The migrator of the package writes the same one, and runs it up and down on tables with rows. Each direction leads to the same catalog,
 *    or is refused with the declared error and changes nothing. No statement reads or rewrites a table under a lock against writes, and
 *    no row is lost.
 * 3. If it was refused because of rows, it runs on empty tables.
 */
export async function expectEdit(database: TestedDatabase, edit: Edit): Promise<void> {
  await createTables(database, edit);
  const plain = await runPlain(database, edit);
  if (edit.isUnseen) return expect(plain.diff.up).toEqual([]);
  await createTables(database, edit);
  await fillTables(database.client, edit.values);
  await expectOnRows(database, edit, plain);
  if (edit.refused === undefined) return;
  await createTables(database, edit);
  await run(database, edit, plain.diff, 'up');
  expect(await readCatalog(database.client)).toEqual(plain.up);
}

async function expectOnRows(database: TestedDatabase, edit: Edit, plain: PlainRun): Promise<void> {
  const { client } = database;
  expect(await createMigration(database.url, edit.after(), 'online')).toEqual(plain.diff);
  const before = await readCatalog(client);
  const rows = await countRows(client);
  const refusal = edit.refusedAlways ?? edit.refused;
  if (refusal !== undefined) {
    await expectRefused(run(database, edit, plain.diff, 'up'), refusal);
    // A migration that has found rows in its way has begun, and goes on when they are corrected.
    const begun = refusal.code === 'ROWS_IN_THE_WAY' ? { package: [] } : {};
    return expect(await readCatalog(client)).toEqual({ ...before, ...begun });
  }
  await expectNothingReadLocked(database, () => run(database, edit, plain.diff, 'up'));
  expect(await readCatalog(client)).toEqual(plain.up);
  await expectRows(client, rows);
  const kept = await countRows(client);
  expect(await differs(database, edit)).toBe(plain.differsAfter);
  if (edit.noWayBack) return;
  if (edit.refusedDown !== undefined) {
    await expectRefused(run(database, edit, plain.diff, 'down'), edit.refusedDown ?? edit.noWayBack);
    // Steps before a search for rows stay.
    if (edit.refusedDown.code === 'MIGRATION_UNSAFE') expect(await readCatalog(client)).toEqual(plain.up);
    return;
  }
  await expectNothingReadLocked(database, () => run(database, edit, plain.diff, 'down'));
  expect(await readCatalog(client)).toEqual(plain.down);
  await expectRows(client, kept);
}

/** Makes the tables of the entities before the edit, without rows, as a project does that has run no migration since. */
export async function createTables({ client, url }: TestedDatabase, edit: Edit): Promise<void> {
  const schemas = await client.rows<{ name: string }>(
    `select nspname as name from pg_namespace where nspname !~ '^(pg_|information_schema)'`,
  );
  for (const { name } of schemas) await client.rows(`drop schema "${name}" cascade`);
  for (const statement of [`create schema public`, ...(edit.setup ?? [])]) await client.rows(statement);
  await using project = await openProject(url, edit.before(), 'plain');
  await project.schema.create();
  // The ledger.
  await project.migrator.getExecuted();
}

async function runPlain({ client, url }: TestedDatabase, edit: Edit): Promise<PlainRun> {
  const diff = await createMigration(url, edit.after(), 'plain');
  await using project = await openProject(url, edit.after(), 'plain', diff, edit.needsCommits);
  await project.migrator.up();
  const up = await readCatalog(client);
  const differsAfter = await project.migrator.checkSchema();
  if (edit.refused ?? edit.refusedAlways ?? edit.refusedDown ?? edit.noWayBack)
    return { diff, up, down: undefined, differsAfter };
  await project.migrator.down();
  return { diff, up, down: await readCatalog(client), differsAfter };
}

async function run({ url }: TestedDatabase, edit: Edit, diff: Diff, direction: 'up' | 'down'): Promise<void> {
  await using project = await openProject(url, edit.after(), 'online', diff);
  await project.migrator[direction]();
  expect(await project.migrator.getExecuted()).toHaveLength(direction === 'up' ? 1 : 0);
}

async function differs({ url }: TestedDatabase, edit: Edit): Promise<boolean> {
  await using project = await openProject(url, edit.after(), 'online');
  return await project.migrator.checkSchema();
}

async function expectRefused(running: Promise<void>, { code, message }: Refusal): Promise<void> {
  await expect(running).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
}

/** Compares the tables that are still there. */
async function expectRows(client: DatabaseClient, before: Readonly<Record<string, number>>): Promise<void> {
  const now = await countRows(client);
  expect(now).toMatchObject(Object.fromEntries(Object.entries(before).filter(([name]) => name in now)));
}

async function expectNothingReadLocked({ client }: TestedDatabase, body: () => Promise<void>): Promise<void> {
  await watchLocks(client);
  try {
    await body();
  } finally {
    expect(await endWatch(client)).toEqual([]);
  }
}
