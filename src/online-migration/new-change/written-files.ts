import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { OnlineMigrationError } from '../change/online-migration-error.ts';

/** A file to write; its path is relative to the project's folder. */
export interface WrittenFile {
  readonly path: string;
  readonly text: string;
}

/** The list of all column changes. */
export const LIST_FILE = 'src/column-changes.ts';
const EMPTY_LIST = `import type { ColumnChange } from 'online-migration';

/** All column changes of this project. \`npx online-migration new\` adds to it; remove a change when it is over. */
export const columnChanges: readonly ColumnChange[] = [];
`;
const LIST = /export const columnChanges: readonly ColumnChange\[\] = \[([^\]]*)\];/;

/**
 * Refuses to overwrite files.
 * @throws OnlineMigrationError that names them
 */
export function refuseExisting(folder: string, files: readonly WrittenFile[]): void {
  const existing = files.map(({ path }) => path).filter((path) => existsSync(join(folder, path)));
  if (existing.length === 0) return;
  throw new OnlineMigrationError(
    'FILES_EXIST',
    `${existing.join(', ')} ${existing.length === 1 ? 'is' : 'are'} there already, and nothing was written. ` +
      `Delete the files that you do not want to keep, then run the same command again.`,
    { files: existing },
  );
}

/** A change for the list. */
export interface ListedChange {
  /** The exported name of the change. */
  readonly declaration: string;
  /** Its file, relative to `src/`, without the extension. */
  readonly module: string;
}

/**
 * Adds changes to the list.
 * @throws OnlineMigrationError if the list does not have the known form
 */
export async function extendedList(folder: string, changes: readonly ListedChange[]): Promise<WrittenFile> {
  const text = await readFile(join(folder, LIST_FILE), 'utf8').catch(() => EMPTY_LIST);
  return { path: LIST_FILE, text: changes.reduce(withChange, text) };
}

function withChange(text: string, { declaration, module }: ListedChange): string {
  const found = LIST.exec(text);
  if (found === null) {
    throw new OnlineMigrationError(
      'CHANGE_LIST_NOT_FOUND',
      `${LIST_FILE} has no line \`export const columnChanges: readonly ColumnChange[] = […];\`, and nothing was written. ` +
        `Bring it back, then run the same command again.`,
      { file: LIST_FILE },
    );
  }
  const listed = found[1]!.split(',').map((name) => name.trim());
  if (listed.includes(declaration)) {
    throw new OnlineMigrationError(
      'DECLARATION_EXISTS',
      `${LIST_FILE} has a ${declaration} already, of a table and a column whose names read the same, and nothing was written. ` +
        `Rename that one in its file and in the list, then run the same command again.`,
      { file: LIST_FILE, declaration },
    );
  }
  const names = [...listed.filter((name) => name !== ''), declaration];
  return (
    `import { ${declaration} } from './${module}.ts';\n` +
    text.replace(LIST, `export const columnChanges: readonly ColumnChange[] = [${names.join(', ')}];`)
  );
}

/**
 * Writes and formats files; either all of them exist afterwards or none.
 *
 * @param folder of the project
 * @param files new files
 * @param list the replaced file, if there is one
 */
export async function writeFiles(
  folder: string,
  files: readonly WrittenFile[],
  list?: WrittenFile,
): Promise<void> {
  const restore = list === undefined ? undefined : await restorerOf(join(folder, list.path));
  const written: string[] = [];
  try {
    for (const { path, text } of files) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text, { flag: 'wx' });
      written.push(file);
    }
    if (list !== undefined) {
      await mkdir(dirname(join(folder, list.path)), { recursive: true });
      await writeFile(join(folder, list.path), list.text);
    }
    await format(folder, list === undefined ? files : [...files, list]);
  } catch (error) {
    for (const file of written) await rm(file, { force: true });
    await restore?.();
    throw error;
  }
}

/** A function that gives a file its present contents, or deletes it if it does not exist now. */
async function restorerOf(file: string): Promise<() => Promise<void>> {
  const before = await readFile(file, 'utf8').catch(() => undefined);
  return () => (before === undefined ? rm(file, { force: true }) : writeFile(file, before));
}

async function format(folder: string, files: readonly WrittenFile[]): Promise<void> {
  const formatter = join(folder, 'node_modules/oxfmt/bin/oxfmt');
  // A project without its development packages has no formatter, and no check that would complain.
  if (!existsSync(formatter)) return;
  const formatted = files.map(({ path }) => path).filter((path) => path.endsWith('.ts'));
  if (formatted.length === 0) return;
  await promisify(execFile)(process.execPath, [formatter, ...formatted], { cwd: folder });
}
