import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { changedColumnsOf } from '../change/changed-column.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { PACKAGE_NAME } from '../follow/presence.ts';
import { Session } from '../postgres/session.ts';
import {
  connectionOf,
  describeConnection,
  loadConfig,
  type OnlineMigrationConfig,
} from './project/config-file.ts';
import { namingOptionsOf } from './project/mikro-orm-options.ts';
import { type CodeForm, readCodeForm } from '../new-change/code-form.ts';
import { changeFiles, hasMikroOrm, listsColumnChanges } from '../new-change/change-files.ts';
import { columnNames } from '../new-change/columns-option.ts';
import { instantChange } from '../new-change/instant/instant-change.ts';
import {
  instantFiles,
  instantInstructions,
  whyNotInstant,
} from '../new-change/instant/write-instant-change.ts';
import { instructions } from '../new-change/instructions.ts';
import { refuseUnsorted } from '../new-change/migration-names.ts';
import type { NewChange } from '../new-change/new-change.ts';
import type { WantedChange } from '../new-change/plan-change.ts';
import { planChanges } from '../new-change/plan-keys.ts';
import { type ProjectMigrations, readProjectMigrations } from '../new-change/project-migrations.ts';
import { refuseObstacles } from '../new-change/refuse-obstacles.ts';
import { refuseExisting, writeFiles } from '../new-change/written-files.ts';
import type { ProgramOptions } from './run-command.ts';

/** The options of `new`. */
type WantedOptions = Readonly<Record<string, string | true | undefined>>;

/**
 * Looks up a table and writes a change of one or several of its columns: the declaration; with MikroORM its migrations; in the
 * template a test. If a key gets a wider type, it also writes the changes of the columns that refer to it. If PostgreSQL
 * changes the type at once, it writes one ordinary migration. All refusals come before a file is written.
 */
export async function writeNewChange(
  options: WantedOptions,
  { config: file }: ProgramOptions,
): Promise<void> {
  const wanted = await completed(options);
  const config = await loadConfig(file);
  const folder = process.cwd();
  const connection = await connectionOf(config);
  console.log(describeConnection(connection));
  await using session = await Session.open(connection, `${PACKAGE_NAME} new`);
  const { form, migrations } = await projectOf(folder, config);
  const plans = await planChanges(
    session,
    wanted,
    {
      changes: config.changes.flatMap((change) => changedColumnsOf(change)),
      ...migrations,
    },
    { only: options['only'] !== undefined },
  );
  const [plan, ...referring] = plans;
  if (plan === undefined || referring.length > 0 || isByPhases(options)) {
    return await writeColumnChanges(session, plans, form, config.file);
  }
  const answer = await instantChange(session, plan, wanted);
  if (answer.instant === null) {
    for (const why of whyNotInstant(answer.phased)) console.log(`\n${why}`);
    return await writeColumnChanges(session, plans, form, config.file);
  }
  const files = instantFiles(answer.instant, hasMikroOrm(folder), form);
  refuseExisting(folder, files);
  await writeFiles(folder, files);
  console.log(`\n${instantInstructions(answer.instant, files)}`);
}

/** The names of the project's migrations, and the form of its code. */
async function projectOf(
  folder: string,
  config: OnlineMigrationConfig,
): Promise<{ readonly form: CodeForm; readonly migrations: ProjectMigrations }> {
  const found = await readProjectMigrations(folder);
  // MikroORM's configuration is only loaded if it can tell more than the default folder.
  if (config.mikroOrm === undefined || (found.isNumbered && found.areTyped)) {
    return { form: readCodeForm(folder), migrations: found };
  }
  const options = await namingOptionsOf(config, folder);
  return {
    form: readCodeForm(folder, options),
    migrations: await readProjectMigrations(folder, options, Date.now(), true),
  };
}

/** Whether the user wants a column change, even if one statement could change the type at once. */
function isByPhases(options: WantedOptions): boolean {
  return ['phases', 'rename', 'newColumn', 'renameInContract'].some((name) => options[name] !== undefined);
}

async function writeColumnChanges(
  session: Session,
  plans: readonly NewChange[],
  form: CodeForm,
  config: string,
): Promise<void> {
  const folder = process.cwd();
  const unreviewed = await refuseObstacles(session, plans);
  const { files, list } = await changeFiles(folder, plans, form);
  const { folder: place } = plans[0]!.migrations;
  refuseUnsorted(files.map(({ path }) => path).filter((path) => path.startsWith(`${place}/`)));
  await writeFiles(folder, files, list);
  console.log(
    `\n${instructions(
      plans,
      [...files, list],
      form,
      (await listsColumnChanges(resolve(folder, config))) ? undefined : config,
      unreviewed.map(({ message }) => message),
    )}`,
  );
}

const QUESTIONS = { table: 'Table: ', column: 'Column (several with commas): ', to: 'New type: ' };

/** Asks for missing options if a person can answer. */
async function completed(options: WantedOptions): Promise<WantedChange> {
  refuseContradictions(options);
  const needed = [
    'table',
    ...(options['columns'] === undefined ? ['column'] : []),
    ...(options['rename'] === undefined ? ['to'] : []),
  ] as ('table' | 'column' | 'to')[];
  const missing = needed.filter((name) => options[name] === undefined);
  if (missing.length > 0 && !process.stdin.isTTY) {
    throw new OnlineMigrationError('WRONG_USAGE', `Give ${missing.map((name) => `--${name}`).join(', ')}.`);
  }
  const answers = { ...options } as Record<string, string | undefined>;
  if (missing.length > 0) {
    using lines = createInterface({ input: process.stdin, output: process.stdout });
    for (const name of missing) answers[name] = (await lines.question(QUESTIONS[name])).trim();
    if (missing.includes('column')) answers['columns'] = answers['column'];
  }
  const { table = '', column = '', columns: list, to = '', from, zone, newColumn, rename } = answers;
  const columns = list === undefined ? [column] : columnNames(list);
  if (columns.length > 1) refuseOptionsOfOne({ ...options, column: undefined });
  const renameInContract = Boolean(options['renameInContract']);
  return { table, columns, from, to, newColumn, zone, rename, renameInContract };
}

/** The options of a change of the type, which a rename cannot have. */
const OF_TYPES = {
  to: '--to',
  newColumn: '--new-column',
  zone: '--zone',
  phases: '--phases',
  renameInContract: '--rename-in-contract',
  only: '--only',
};

/** The options of one column, and the reason for which several cannot have them. */
const OF_ONE_COLUMN = {
  column: ['--column', 'name all columns in --columns'],
  rename: ['--rename', 'rename one column, with --column'],
  newColumn: [
    '--new-column',
    'each new column gets the name <column>_new until rename. To choose another one, give --column',
  ],
} as const;

/** Refuses options that several columns cannot have. */
function refuseOptionsOfOne(options: WantedOptions): void {
  const [, single] = Object.entries(OF_ONE_COLUMN).find(([name]) => options[name] !== undefined) ?? [];
  if (single === undefined) return;
  const [given, advice] = single;
  throw new OnlineMigrationError('WRONG_USAGE', `--columns does not go with ${given}: ${advice}.`);
}

function refuseContradictions(options: WantedOptions): void {
  if (options['columns'] !== undefined) refuseOptionsOfOne(options);
  if (options['rename'] === undefined) return;
  const [, given] = Object.entries(OF_TYPES).find(([name]) => options[name] !== undefined) ?? [];
  if (given === undefined) return;
  throw new OnlineMigrationError(
    'WRONG_USAGE',
    `--rename only gives the column another name, and ${given} belongs to a change of its type: give one of the two. To do both, ` +
      `write the change of the type first, and the rename when it is finished.`,
  );
}
