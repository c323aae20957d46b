import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { IMigrationGenerator } from '@mikro-orm/core';
import type { MigrationResult } from '@mikro-orm/migrations';
import { changedColumnsOf } from '../../change/changed-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { changeFiles, type ChangeFiles, listsColumnChanges } from '../../new-change/change-files.ts';
import { CONFIG_NAMES } from '../../new-change/config-names.ts';
import { instructions } from '../../new-change/instructions.ts';
import type { MigrationNames } from '../../new-change/migration-names.ts';
import type { NewChange } from '../../new-change/new-change.ts';
import { type NamingOptions, readProjectMigrations } from '../../new-change/project-migrations.ts';
import { refuseObstacles } from '../../new-change/refuse-obstacles.ts';
import { LIST_FILE, refuseExisting, type WrittenFile, writeFiles } from '../../new-change/written-files.ts';
import type { Session } from '../../postgres/session.ts';
import type { OnlineSchemaGenerator } from '../comparison/online-schema-generator.ts';
import type { Answers } from './answers.ts';
import { decideMigration } from './decide-migration.ts';
import type { Decided } from './decided.ts';
import { type Emit, furtherFiles } from './further-migrations.ts';
import type { Ask } from './questions.ts';

/** The reason for the order of several changes. */
const ORDER = `A column comes before the column to which it refers, so that it can hold each value that the latter may get. Finish each
change before the next one begins.`;

/** A longer list of tables is hard to read in a file's name. */
const MOST_TABLES = 3;

/** The parts of a project that a new migration needs. */
export interface Creation {
  /** The project's folder. */
  readonly folder: string;
  /** MikroORM's options for migrations; the name of the next file is set in it. */
  readonly options: NamingOptions & { emit?: Emit; fileName?: NamingOptions['fileName'] };
  readonly schemaGenerator: OnlineSchemaGenerator;
  /** Writes the text of migrations. MikroORM replaces it if it has made the database. */
  generator(): IMigrationGenerator;
  /** The schema of tables without one. */
  readonly defaultSchema: string;
  readonly answers: Answers;
  readonly ask: Ask | undefined;
  /** The ordinary migrations that have not run. */
  readPending(): Promise<readonly string[]>;
  /** The changes that the project's migrations carry out. */
  readonly declared: readonly ColumnChange[];
  /** Called after MikroORM has connected; undefined if the database cannot be reached. */
  openSession(): Promise<Session | undefined>;
  /** Has MikroORM compare and write the ordinary migration, if there is a difference. */
  create(): Promise<MigrationResult>;
  /** Saves the schema of the entities as the snapshot, if the project has one. */
  storeSchema(): Promise<void>;
  readonly log: (text: string) => void;
}

/** All files of a new migration besides the ordinary one. */
interface Prepared {
  /** Sentences for the author, without a full stop. */
  readonly notes: readonly string[];
  readonly plans: readonly NewChange[];
  readonly changes: ChangeFiles | undefined;
  readonly further: readonly WrittenFile[];
  /** Sentences on objects that a person must review before expand. */
  readonly unreviewed: readonly string[];
}

/**
 * Writes a new migration, and the column changes and further migrations that the difference needs. Either all files are written or none.
 *
 * @returns as MikroORM does; `fileName` lists all migrations
 * @throws OnlineMigrationError if an answer is missing, or a change cannot be made
 */
export async function createMigration(creation: Creation): Promise<MigrationResult> {
  const { folder, options, schemaGenerator, log } = creation;
  const { fileName } = options;
  let prepared: Prepared | undefined;
  schemaGenerator.decideBy(async (schemas, comparison) => {
    const { answers, ask, declared, defaultSchema } = creation;
    await using session = await creation.openSession();
    const decided = await decideMigration(schemas, {
      comparison,
      answers,
      ask,
      session,
      project: {
        changes: declared.flatMap((change) => changedColumnsOf(change)),
        ...(await readProjectMigrations(folder, options)),
      },
      defaultSchema,
      isFollowing: existsSync(join(folder, LIST_FILE)),
    });
    // A person may have needed time for the answers, and MikroORM names its file by the time.
    const names = await readProjectMigrations(folder, options);
    const pending = session === undefined ? [] : await creation.readPending();
    prepared = {
      ...(await prepare(creation, session, names.migrations, decided)),
      notes: [...decided.notes, ...pending.map(pendingNote)],
    };
    if (names.isNumbered) {
      options.fileName = (_, name) => names.migrations.fileOf(0, name ?? wordsFor(decided.up));
    }
    return decided;
  });
  let ordinary: MigrationResult;
  try {
    ordinary = await creation.create();
  } finally {
    schemaGenerator.decideBy(undefined);
    if (fileName !== undefined) options.fileName = fileName;
  }
  if (prepared === undefined) return ordinary;
  await writeOthers(creation, prepared, ordinary);
  for (const note of prepared.notes) log(note);
  return withOthers(prepared, ordinary);
}

async function prepare(
  creation: Creation,
  session: Session | undefined,
  migrations: MigrationNames,
  decided: Decided,
): Promise<Omit<Prepared, 'notes'>> {
  const { folder } = creation;
  const hasOrdinary = decided.up.trim() !== '';
  const first = hasOrdinary ? 1 : 0;
  const { options, defaultSchema } = creation;
  const form = { options, defaultSchema, generator: creation.generator() };
  const further = await furtherFiles(form, migrations, first, decided);
  refuseExisting(folder, further);
  const plans = decided.changes.map((plan) => ({
    ...plan,
    migrations,
    firstPlace: plan.firstPlace + first + further.length,
  }));
  const unreviewed =
    session === undefined || plans.length === 0
      ? []
      : (await refuseObstacles(session, plans)).map(({ message }) => message);
  const changes = plans.length === 0 ? undefined : await changeFiles(folder, plans, { hasMigrations: true });
  return { plans, changes, further, unreviewed };
}

async function writeOthers(creation: Creation, prepared: Prepared, ordinary: MigrationResult): Promise<void> {
  const { folder, log } = creation;
  const { changes, further, plans, unreviewed } = prepared;
  if (changes === undefined && further.length === 0) return;
  try {
    await writeFiles(folder, [...(changes?.files ?? []), ...further], changes?.list);
  } catch (error) {
    if (ordinary.fileName !== '')
      await rm(join(folder, pathOf(creation, ordinary.fileName)), { force: true });
    throw error;
  }
  // MikroORM stores it with the ordinary migration.
  if (ordinary.fileName === '') await creation.storeSchema();
  if (changes !== undefined) {
    const config = await configOf(folder);
    log(`\n${instructions(plans, [...changes.files, changes.list], config, unreviewed, ORDER)}`);
  }
}

function pendingNote(name: string): string {
  return `${name} has not run yet: the new migration may have the same statements`;
}

/** The result as MikroORM's command line prints it. */
function withOthers({ changes, further }: Prepared, ordinary: MigrationResult): MigrationResult {
  const migrations = [...further, ...(changes?.files ?? []).filter(isMigration)];
  if (migrations.length === 0) return ordinary;
  const own = ordinary.fileName === '' ? [] : [ordinary.fileName];
  return {
    fileName: [...own, ...migrations.map(({ path }) => basename(path))].join(', '),
    code: [ordinary.code, ...migrations.map(({ text }) => text)].filter((text) => text !== '').join('\n'),
    diff: {
      up: [...ordinary.diff.up, ...migrations.map(({ path }) => `-- ${basename(path)}`)],
      down: ordinary.diff.down,
    },
  };
}

function isMigration({ text }: WrittenFile): boolean {
  return /\bextends ColumnMigration\b/.test(text);
}

function pathOf({ options }: Creation, fileName: string): string {
  return join(options.pathTs ?? options.path ?? 'migrations', fileName);
}

/** The configuration of `npx online-migration`, if it does not list the changes yet. */
async function configOf(folder: string): Promise<string | undefined> {
  const name = CONFIG_NAMES.find((candidate) => existsSync(join(folder, candidate))) ?? CONFIG_NAMES[0]!;
  return (await listsColumnChanges(join(folder, name))) ? undefined : name;
}

/** The words of a numbered file: `change_orders_customers`. */
function wordsFor(up: string): string {
  const tables = [...up.matchAll(/\b(?:table|on) (?:if (?:not )?exists )?(?:"[^"]+"\.)?"([^"]+)"/g)].map(
    ([, table]) => table!.replaceAll(/[^A-Za-z0-9]+/g, '_').toLowerCase(),
  );
  return ['change', ...[...new Set(tables)].slice(0, MOST_TABLES)].join('_');
}
