import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { IMigrationGenerator } from '@mikro-orm/core';
import type { MigrationResult } from '@mikro-orm/migrations';
import type { DatabaseSchema } from '@mikro-orm/postgresql';
import { changedColumnsOf } from '../../change/changed-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { changeFiles } from '../../new-change/change-files.ts';
import { type CodeForm, readCodeForm } from '../../new-change/code-form.ts';
import { type MigrationNames, refuseUnsorted } from '../../new-change/migration-names.ts';
import { readProjectMigrations } from '../../new-change/project-migrations.ts';
import { refuseObstacles } from '../../new-change/refuse-obstacles.ts';
import { refuseExisting } from '../../new-change/written-files.ts';
import type { Session } from '../../postgres/session.ts';
import type { OnlineSchemaGenerator } from '../comparison/online-schema-generator.ts';
import type { Answers } from './questions/answers.ts';
import { decideMigration } from './decisions/decide-migration.ts';
import type { Decided } from './decisions/decided.ts';
import { furtherFiles } from './further-migrations.ts';
import { namedLikeOthers, type Naming, wordsFor } from './ordinary-name.ts';
import type { Ask } from './questions/questions.ts';
import { releaseOrder } from './release-order.ts';
import { leaveUnwritten } from './schemas/unwritten-parts.ts';
import { isMigration, type Prepared, withOthers, writeOthers } from './write-others.ts';

/** The parts of a project that a new migration needs. */
export interface Creation extends Naming {
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
  /** Has MikroORM compare and write the ordinary migration, if there is a difference. It does not save the snapshot. */
  create(): Promise<MigrationResult>;
  /**
   * Saves the schema of the entities as the snapshot, if the project has one.
   * @param leave takes parts out of the schema before
   */
  storeSchema(leave: (entities: DatabaseSchema) => void): Promise<void>;
  /** Logs a line. */
  readonly log: (line: string) => void;
  /** Prints lines as they are. */
  readonly print: (text: string) => void;
}

/**
 * Writes a new migration, and the column changes and further migrations that the difference needs. Either all files are written or none.
 *
 * @returns as MikroORM does; `fileName` lists all migrations
 * @throws OnlineMigrationError if an answer is missing, or a change cannot be made
 */
export async function createMigration(creation: Creation): Promise<MigrationResult> {
  const { folder, schemaGenerator, log, print } = creation;
  using naming = namedLikeOthers(creation);
  const { options } = naming;
  const form = readCodeForm(folder, options);
  let prepare: ((migrations: MigrationNames, ordinary: string | undefined) => Promise<Prepared>) | undefined;
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
      isFollowing: existsSync(join(folder, form.list)),
    });
    // A person may have needed time for the answers, and MikroORM names its file by the time.
    const { migrations, ordinary: path } = await naming.set(
      decided.up.trim() === '' ? undefined : wordsFor(decided.up),
    );
    const pending = session === undefined ? [] : await creation.readPending();
    const notes = [...decided.notes, ...pending.map(pendingNote)];
    const plans = decided.changes;
    const unreviewed =
      session === undefined || plans.length === 0
        ? []
        : (await refuseObstacles(session, plans)).map(({ message }) => message);
    prepare = async (names, ordinaryPath) => ({
      ...(await filesOf(creation, form, names, decided, ordinaryPath)),
      unreviewed,
      notes,
    });
    prepared = await prepare(migrations, path);
    return decided;
  });
  let ordinary: MigrationResult;
  try {
    ordinary = await creation.create();
  } finally {
    schemaGenerator.decideBy(undefined);
  }
  if (prepared === undefined || prepare === undefined) return ordinary;
  const path = ordinary.fileName === '' ? undefined : `${prepared.migrations.folder}/${ordinary.fileName}`;
  try {
    const names = naming.namesNow(prepared.migrations.folder);
    if (names !== undefined) prepared = await prepare(names, path);
    const { unwritten } = prepared;
    await writeOthers({ folder, form, print }, prepared, path !== undefined, () =>
      creation.storeSchema((entities) => leaveUnwritten(entities, unwritten)),
    );
  } catch (error) {
    if (path !== undefined) await rm(join(folder, path), { force: true });
    throw error;
  }
  for (const note of prepared.notes) log(note);
  return withOthers(prepared, ordinary);
}

/**
 * The files of a new migration, with these names.
 * @param ordinary the path of the ordinary migration, if there is one
 */
async function filesOf(
  creation: Creation,
  form: CodeForm,
  migrations: MigrationNames,
  decided: Decided,
  ordinary: string | undefined,
): Promise<Omit<Prepared, 'notes' | 'unreviewed'>> {
  const { folder, defaultSchema } = creation;
  const first = ordinary === undefined ? 0 : 1;
  const further = await furtherFiles(
    { form, defaultSchema, generator: creation.generator() },
    migrations,
    first,
    decided,
  );
  refuseExisting(folder, further);
  const plans = decided.changes.map((plan) => ({
    ...plan,
    migrations,
    firstPlace: plan.firstPlace + first + further.length,
  }));
  const changes =
    plans.length === 0 ? undefined : await changeFiles(folder, plans, form, { hasMigrations: true });
  const written = [...further, ...(changes?.files ?? []).filter(isMigration)].map(({ path }) => path);
  refuseUnsorted([...(ordinary === undefined ? [] : [ordinary]), ...written]);
  const releases = releaseOrder(migrations, decided);
  return { plans, changes, further, releases, migrations, unwritten: decided.unwritten };
}

function pendingNote(name: string): string {
  return `${name} has not run yet: the new migration may have the same statements`;
}
