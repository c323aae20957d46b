import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type CodeForm } from './code-form.ts';
import { codeIn } from './code-in.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';

/** A file to write; its path is relative to the project's folder. */
export interface WrittenFile {
  readonly path: string;
  readonly text: string;
}

/** The beginning of the list of all column changes, in each language. */
const BEGINNING = {
  typescript: 'export const columnChanges: readonly ColumnChange[] = ',
  modules: 'export const columnChanges = ',
  commonjs: 'exports.columnChanges = ',
};

const PURPOSE =
  'All column changes of this project. `npx online-migration new` adds to it; remove a change when it is over.';

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
export async function extendedList(
  folder: string,
  changes: readonly ListedChange[],
  form: CodeForm,
): Promise<WrittenFile> {
  const text = await readFile(join(folder, form.list), 'utf8').catch(() => emptyList(form));
  return { path: form.list, text: changes.reduce((list, change) => withChange(list, change, form), text) };
}

function emptyList({ list, syntaxOf }: CodeForm): string {
  const code = codeIn(syntaxOf(list));
  const [type] = code.typeComment("readonly import('online-migration').ColumnChange[]");
  return `${code.first}${code.typed(`import type { ColumnChange } from 'online-migration';\n`)}
${type === undefined ? `/** ${PURPOSE} */` : `/**\n * ${PURPOSE}\n * ${type}\n */`}
${BEGINNING[syntaxOf(list)]}[];
`;
}

function withChange(
  text: string,
  { declaration, module }: ListedChange,
  { list, syntaxOf, imported }: CodeForm,
): string {
  const beginning = BEGINNING[syntaxOf(list)];
  const start = text.indexOf(`${beginning}[`);
  const end = text.indexOf('];', start);
  if (start === -1 || end === -1) {
    throw new OnlineMigrationError(
      'CHANGE_LIST_NOT_FOUND',
      `${list} has no line \`${beginning}[…];\`, and nothing was written. ` +
        `Bring it back, then run the same command again.`,
      { file: list },
    );
  }
  const first = start + beginning.length + 1;
  const listed = text
    .slice(first, end)
    .split(',')
    .map((name) => name.trim());
  if (listed.includes(declaration)) {
    throw new OnlineMigrationError(
      'DECLARATION_EXISTS',
      `${list} has a ${declaration} already, of a table and a column whose names read the same, and nothing was written. ` +
        `Rename that one in its file and in the list, then run the same command again.`,
      { file: list, declaration },
    );
  }
  const names = [...listed.filter((name) => name !== ''), declaration];
  const extended = `${text.slice(0, first)}${names.join(', ')}${text.slice(end)}`;
  const code = codeIn(syntaxOf(list));
  const line = code.imports([declaration], `./${module}${imported}`);
  return extended.startsWith(code.first)
    ? code.first + line + extended.slice(code.first.length)
    : line + extended;
}

/**
 * Writes and formats files; either all of them exist afterwards or none.
 *
 * @param folder of the project
 * @param files new files
 * @param list the replaced file, if there is one
 * @param then belongs to the same whole: if it fails, no file remains
 */
export async function writeFiles(
  folder: string,
  files: readonly WrittenFile[],
  list?: WrittenFile,
  then: () => Promise<void> = async () => undefined,
): Promise<void> {
  const restore = list === undefined ? undefined : await restorerOf(join(folder, list.path));
  const written: string[] = [];
  const made: string[] = [];
  const makeFolderOf = async (file: string) => {
    made.push(...missingFolders(dirname(file)));
    await mkdir(dirname(file), { recursive: true });
  };
  try {
    for (const { path, text } of files) {
      const file = join(folder, path);
      await makeFolderOf(file);
      await writeFile(file, text, { flag: 'wx' });
      written.push(file);
    }
    if (list !== undefined) {
      await makeFolderOf(join(folder, list.path));
      await writeFile(join(folder, list.path), list.text);
    }
    await format(folder, list === undefined ? files : [...files, list]);
    await then();
  } catch (error) {
    for (const file of written) await rm(file, { force: true });
    await restore?.();
    // Another process may have written into it.
    for (const path of made.toReversed()) await rmdir(path).catch(() => undefined);
    throw error;
  }
}

/** The folders of a path that do not exist, the outermost first. */
function missingFolders(path: string): string[] {
  return existsSync(path) ? [] : [...missingFolders(dirname(path)), path];
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
  const formatted = files.map(({ path }) => path).filter((path) => /[.](?:ts|c?js)$/.test(path));
  if (formatted.length === 0) return;
  await promisify(execFile)(process.execPath, [formatter, ...formatted], { cwd: folder });
}
