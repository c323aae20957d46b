import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { CodeForm } from './code-form.ts';
import { conversionFiles } from './conversion-file.ts';
import { declarationFile } from './declaration-file.ts';
import { migrationFiles } from './migration-files.ts';
import { isToBeWritten, type NewChange } from './new-change.ts';
import { sampleTestFile } from './sample-test-file.ts';
import { testFile } from './test-file.ts';
import { extendedList, refuseExisting, type WrittenFile } from './written-files.ts';

/** The module of the template that generated tests use. */
const TEST_SUPPORT = 'test/support/change-cycle.ts';

/** The files of new changes. */
export interface ChangeFiles {
  readonly files: readonly WrittenFile[];
  /** The list of all changes, with the new ones. */
  readonly list: WrittenFile;
}

/**
 * The files of new changes for the tools that the project uses. Nothing is written.
 * @param folder of the project
 * @param plans at least one
 * @param form of its code
 * @param options.hasMigrations whether the phases are migrations of MikroORM; by default if the project has it
 * @throws OnlineMigrationError if one of them exists, or the list of changes cannot be extended
 */
export async function changeFiles(
  folder: string,
  plans: readonly NewChange[],
  form: CodeForm,
  { hasMigrations = hasMikroOrm(folder) }: { readonly hasMigrations?: boolean } = {},
): Promise<ChangeFiles> {
  const files = plans.flatMap((plan) => [
    declarationFile(plan, form),
    ...(hasMigrations ? migrationFiles(plan, form) : []),
    ...filesOfProject(folder, plan, form),
  ]);
  refuseExisting(folder, files);
  const list = await extendedList(
    folder,
    plans.map(({ words }) => ({
      declaration: words.declaration,
      module: `${words.folder}/${words.file}-change`,
    })),
    form,
  );
  return { files, list };
}

/** The files for the tools that the project uses. */
function filesOfProject(folder: string, plan: NewChange, form: CodeForm): WrittenFile[] {
  const test = existsSync(join(folder, TEST_SUPPORT)) ? generatedTest(plan) : null;
  return [...conversionFiles(plan, form), ...(test === null ? [] : [test])];
}

function generatedTest(plan: NewChange): WrittenFile | null {
  return plan.columns.some(isToBeWritten) ? sampleTestFile(plan) : testFile(plan);
}

/** Whether a project has MikroORM's migrations. */
export function hasMikroOrm(folder: string): boolean {
  try {
    createRequire(join(folder, 'package.json')).resolve('@mikro-orm/migrations');
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a configuration file takes its changes from the list that was extended. The loaded configuration cannot tell:
 * it is older than the list.
 */
export async function listsColumnChanges(file: string): Promise<boolean> {
  return (await readFile(file, 'utf8').catch(() => '')).includes('column-changes');
}
