import { readdir } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import {
  areNumbered,
  type MigrationNames,
  numberedNames,
  timestampedNames,
  wordsOf,
} from './migration-names.ts';

/** The names of the migrations of a project. */
export interface ProjectMigrations {
  /** Those of the present ones, without their numbers: `expand_orders_total`. */
  readonly earlierMigrations: readonly string[];
  /** Whether there are some, and all of them have numbers. */
  readonly isNumbered: boolean;
  /** Those of new ones. */
  readonly migrations: MigrationNames;
}

/** MikroORM's options for its migrations, as far as they concern the names of files. */
export interface NamingOptions {
  readonly path?: string;
  /** The folder of the sources, if `path` is that of compiled files. */
  readonly pathTs?: string;
  readonly fileName?: (timestamp: string, name?: string) => string;
}

const DEFAULT_FOLDER = 'migrations';
const A_TIMESTAMP = '20000101000000';

/** MikroORM's own names of files. */
function defaultFileName(timestamp: string, name?: string): string {
  return `Migration${timestamp}${name === undefined ? '' : `_${name}`}`;
}

/**
 * Reads the names of a project's migrations. New ones continue the numbers of the present ones, unless the project has other names.
 *
 * @param project its folder
 * @param options of MikroORM; none for a project that has the folder `migrations`
 */
export async function readProjectMigrations(
  project: string,
  options?: NamingOptions,
): Promise<ProjectMigrations> {
  const { path = DEFAULT_FOLDER, pathTs = path, fileName = defaultFileName } = options ?? {};
  const folder = resolve(project, pathTs);
  const entries = await readdir(folder).catch(() => []);
  const files = entries.filter((file) => /[.][cm]?[jt]s$/.test(file) && !/[.]d[.][cm]?ts$/.test(file));
  const place = relative(project, folder).split(sep).join('/') || '.';
  // A project's own way to name files comes before the numbers.
  const isOwn = fileName(A_TIMESTAMP) !== defaultFileName(A_TIMESTAMP);
  const isNumbered = files.length > 0 && areNumbered(files);
  return {
    isNumbered,
    earlierMigrations: files.flatMap((file) => wordsOf(file) ?? []),
    migrations:
      !isOwn && (isNumbered || options === undefined)
        ? numberedNames(place, files)
        : timestampedNames(place, fileName, Date.now()),
  };
}
