import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { z } from 'zod';
import { columnChanges } from '../column-changes.ts';
import { readConfig } from '../config.ts';
import { PROJECT_FOLDER } from '../database/embedded-postgres.ts';
import { resolveDatabase } from '../database/resolve-database.ts';
import { type ChangedColumn, changedColumnOf } from '../online-migration/change/changed-column.ts';
import {
  findObstacles,
  findPreparations,
  findUnreviewed,
} from '../online-migration/attachments/obstacles/obstacles.ts';
import type { Obstacle } from '../online-migration/change/obstacle.ts';
import { OnlineMigrationError } from '../online-migration/change/online-migration-error.ts';
import { namesOf } from '../online-migration/change/names.ts';
import { TOOLKIT_NAME } from '../online-migration/follow/presence.ts';
import { Session } from '../online-migration/postgres/session.ts';
import { declarationFile } from './new/declaration-file.ts';
import { instructions } from './new/instructions.ts';
import { mappingsFile, unmappableReason } from './new/mappings-file.ts';
import { migrationFiles } from './new/migration-files.ts';
import { planChange, type WantedChange } from './new/plan-change.ts';
import { testFile } from './new/test-file.ts';
import { extendedList, refuseExisting, writeFiles } from './new/written-files.ts';
import { readOptions, usageError } from '../command-line/command-options.ts';
import { runCommand } from '../command-line/run-command.ts';

// npm run change:new: looks a table up and writes a column change of it: the declaration, the mappings, five migrations and a
// test. Everything that can be refused is refused before a file is written.

const USAGE =
  'npm run change:new -- --table <name> --column <name> --to <type> [--from <type>] [--new-column <name>] [--zone <zone>]';

const word = (error: string) => z.string({ error }).min(1, { error }).optional();
const optionsSchema = z.strictObject({
  table: word('must be a table, perhaps with its schema: shop.orders'),
  column: word('must be a column of the table'),
  from: word('must be the type that the column has'),
  to: word('must be the type that the column is to have'),
  'new-column': word('must be a name for the new column'),
  zone: word('must be a time zone, as in Europe/Berlin'),
});

await runCommand(async () => {
  const options = readOptions(process.argv.slice(2), USAGE, optionsSchema);
  const wanted = await completed(options);
  const database = await resolveDatabase(readConfig());
  console.log(database.description);
  await using session = await Session.open({ connectionString: database.url }, `${TOOLKIT_NAME} change:new`);
  const plan = await planChange(session, wanted, await nextNumber(), columnChanges.map(changedColumnOf));
  const unreviewed = await refuseObstacles(session, plan.change);
  const mappings = unmappableReason(plan) === null ? [mappingsFile(plan)] : [];
  const files = [declarationFile(plan), ...mappings, ...migrationFiles(plan), testFile(plan)];
  refuseExisting(PROJECT_FOLDER, files);
  const { folder, file, declaration } = plan.words;
  const list = await extendedList(PROJECT_FOLDER, declaration, `${folder}/${file}-change`);
  await writeFiles(PROJECT_FOLDER, files, list);
  console.log(
    `\n${instructions(
      plan,
      [...files, list],
      unreviewed.map(({ message }) => message),
    )}`,
  );
});

/**
 * Refuses a change that the package cannot carry out.
 * @returns one obstacle for each thing that a person must judge, or an administrator must prepare, before expand
 */
async function refuseObstacles(session: Session, change: ChangedColumn): Promise<Obstacle[]> {
  const obstacles = await findObstacles(session, change);
  const unreviewed =
    obstacles.length === 0
      ? []
      : [...(await findPreparations(session, change)), ...(await findUnreviewed(session, change, 'old'))];
  const others = obstacles.filter(({ message }) => !unreviewed.some((other) => other.message === message));
  if (others.length === 0) return unreviewed;
  const list = others.map(({ message }) => `  ${message}`).join('\n');
  const { change: name, table } = namesOf(change);
  throw new OnlineMigrationError(
    'OBSTACLES',
    `${name} cannot be changed as it is, and nothing was written:\n${list}`,
    { change: name, table, obstacles: others },
  );
}

/** Asks for what was not given, where somebody is there to answer. */
async function completed(options: z.output<typeof optionsSchema>): Promise<WantedChange> {
  const { from, zone, 'new-column': newColumn } = options;
  const missing = (['table', 'column', 'to'] as const).filter((name) => options[name] === undefined);
  if (missing.length > 0 && !process.stdin.isTTY) {
    throw usageError([`Give ${missing.map((name) => `--${name}`).join(', ')}.`], USAGE);
  }
  const answers = { ...options };
  if (missing.length > 0) {
    using lines = createInterface({ input: process.stdin, output: process.stdout });
    const questions = { table: 'Table: ', column: 'Column: ', to: 'New type: ' };
    for (const name of missing) answers[name] = (await lines.question(questions[name])).trim();
  }
  const { table = '', column = '', to = '' } = answers;
  return { table, column, from, to, newColumn, zone };
}

/** The number behind that of the last migration. */
async function nextNumber(): Promise<number> {
  const names = await readdir(join(PROJECT_FOLDER, 'migrations'));
  const numbers = names.map((name) => Number(/^(\d+)_/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers) + 1;
}
