import { readdir } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import type { FormOptions } from './code-form.ts';
import {
  areNumbered,
  MS_PER_SECOND,
  type MigrationNames,
  numberedNames,
  timeIn,
  timestampedNames,
  wordsOf,
} from './migration-names.ts';

/** The names of the migrations of a project. */
export interface ProjectMigrations {
  /** Those of the present ones, without their numbers: `expand_orders_total`. */
  readonly earlierMigrations: readonly string[];
  /** Whether there are some, and all of them have numbers. */
  readonly isNumbered: boolean;
  /** Whether all of them are TypeScript. */
  readonly areTyped: boolean;
  /** The time that names of new ones begin with, in ms: now, or behind that of the last one. */
  readonly firstTime: number;
  /** Those of new ones. */
  readonly migrations: MigrationNames;
}

/** MikroORM's options for its migrations, as far as they concern files. */
export interface NamingOptions extends FormOptions {
  readonly fileName?: (timestamp: string, name?: string) => string;
}

const DEFAULT_FOLDER = 'migrations';
const A_TIMESTAMP = '20000101000000';

/** MikroORM's own names of files. */
function defaultFileName(timestamp: string, name?: string): string {
  return `Migration${timestamp}${name === undefined ? '' : `_${name}`}`;
}

/** The folder to which MikroORM writes. */
function folderOf({ emit = 'ts', path = DEFAULT_FOLDER, pathTs }: NamingOptions = {}): string {
  return emit === 'ts' ? (pathTs ?? path) : path;
}

/**
 * Reads the names of a project's migrations. New ones continue the numbers of the present ones, unless the project has other names.
 *
 * @param project its folder
 * @param options of MikroORM; none for a project that has the folder `migrations`
 * @param now in ms, for names with the time
 * @param beginsWithNumbers whether new ones have numbers in a folder that has none yet
 */
export async function readProjectMigrations(
  project: string,
  options?: NamingOptions,
  now = Date.now(),
  beginsWithNumbers = options === undefined,
): Promise<ProjectMigrations> {
  const { fileName = defaultFileName } = options ?? {};
  const folder = resolve(project, folderOf(options));
  const entries = await readdir(folder).catch(() => []);
  const files = entries.filter((file) => /[.][cm]?[jt]s$/.test(file) && !/[.]d[.][cm]?ts$/.test(file));
  const place = relative(project, folder).split(sep).join('/') || '.';
  // A project's own way to name files comes before the numbers.
  const isOwn = fileName(A_TIMESTAMP) !== defaultFileName(A_TIMESTAMP);
  // Several new migrations have names of the next seconds.
  const firstTime = Math.max(now, ...files.map((file) => (timeIn(file) ?? 0) + MS_PER_SECOND));
  const isNumbered = files.length > 0 && areNumbered(files);
  return {
    isNumbered,
    firstTime,
    areTyped: files.every((file) => file.endsWith('ts')),
    earlierMigrations: files.flatMap((file) => wordsOf(file) ?? []),
    migrations:
      !isOwn && (isNumbered || (files.length === 0 && beginsWithNumbers))
        ? numberedNames(place, files)
        : timestampedNames(place, fileName, firstTime),
  };
}
