import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { MigrationResult } from '@mikro-orm/migrations';
import { type ChangeFiles, listsColumnChanges } from '../../new-change/change-files.ts';
import type { CodeForm } from '../../new-change/code-form.ts';
import { CONFIG_NAMES } from '../../new-change/config-names.ts';
import { instructions } from '../../new-change/instructions.ts';
import type { MigrationNames } from '../../new-change/migration-names.ts';
import type { NewChange } from '../../new-change/new-change.ts';
import { type WrittenFile, writeFiles } from '../../new-change/written-files.ts';
import type { Unwritten } from './schemas/unwritten-parts.ts';

/** The reason for the order of several changes. */
const ORDER = `A column comes before the column to which it refers, so that it can hold each value that the latter may get. Finish each
change before the next one begins.`;

/** All files of a new migration besides the ordinary one. */
export interface Prepared {
  /** Sentences for the author, without a full stop. */
  readonly notes: readonly string[];
  readonly unwritten: Unwritten;
  readonly plans: readonly NewChange[];
  readonly changes: ChangeFiles | undefined;
  readonly further: readonly WrittenFile[];
  /** The order of these and the release; undefined if there is nothing to tell. */
  readonly releases: string | undefined;
  /** Sentences on objects that a person must review before expand. */
  readonly unreviewed: readonly string[];
  readonly migrations: MigrationNames;
}

/** The project that the files are written for. */
interface Project {
  readonly folder: string;
  readonly form: CodeForm;
  /** Prints lines as they are. */
  readonly print: (text: string) => void;
}

/**
 * Writes all files besides the ordinary migration, and prints the next steps. If a file cannot be written, or the snapshot cannot be
 * saved, none of them remains.
 *
 * @param hasOrdinary whether there is an ordinary migration, which is written already
 * @param storeSchema saves the snapshot
 */
export async function writeOthers(
  { folder, form, print }: Project,
  { changes, further, releases, plans, unreviewed }: Prepared,
  hasOrdinary: boolean,
  storeSchema: () => Promise<void>,
): Promise<void> {
  const files = [...(changes?.files ?? []), ...further];
  if (files.length === 0 && !hasOrdinary) return;
  await writeFiles(folder, files, changes?.list, storeSchema);
  if (releases !== undefined) print(`\n${releases}`);
  if (changes !== undefined) {
    const config = await configOf(folder);
    print(`\n${instructions(plans, [...changes.files, changes.list], form, config, unreviewed, ORDER)}`);
  }
}

/** The result as MikroORM's command line prints it. */
export function withOthers({ changes, further }: Prepared, ordinary: MigrationResult): MigrationResult {
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

/** Whether a file of a column change is the migration of a phase. */
export function isMigration({ text }: WrittenFile): boolean {
  return /\bextends ColumnMigration\b/.test(text);
}

/** The configuration of `npx online-migration`, if it does not list the changes yet. */
async function configOf(folder: string): Promise<string | undefined> {
  const name = CONFIG_NAMES.find((candidate) => existsSync(join(folder, candidate))) ?? CONFIG_NAMES[0]!;
  return (await listsColumnChanges(join(folder, name))) ? undefined : name;
}
