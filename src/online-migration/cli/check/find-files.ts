import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';

const ENDINGS = new Set(['.sql', '.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']);
/** Files beside migrations that are none: types, tests, and the way down. */
const BESIDE = /\.d\.[cm]?ts$|[.](?:test|spec)[.][cm]?[jt]s$|(?:^|[.])down[.]sql$|^U\d[^/]*__[^/]*\.sql$/;
/** Flyway runs repeatable migrations behind all that have a version. */
const REPEATABLE = /^R__[^/]*\.sql$/;
/** The folder that is checked if none is named. */
const DEFAULT_FOLDER = 'migrations';

/** Orders names as tools do: `0002_a`, `0010_b`; `V2__a`, `V10__b`. */
const byName = new Intl.Collator('en', { numeric: true }).compare;

/**
 * Finds migrations in the order in which their tool runs them: those of a folder by name, also in its subfolders
 * (`20260101_name/migration.sql`).
 *
 * @param paths files and folders, in their order; by default the folder `migrations`
 * @throws OnlineMigrationError if one does not exist, or has no migration
 */
export function findFiles(paths: readonly string[]): string[] {
  const found = (paths.length === 0 ? [DEFAULT_FOLDER] : paths).flatMap((path) => {
    if (!existsSync(path)) {
      throw new OnlineMigrationError(
        'MIGRATION_FILE_NOT_FOUND',
        `There is no ${path} in ${process.cwd()}. ${paths.length === 0 ? 'Name the files or the folder of your migrations after the command: `npx online-migration check prisma/migrations`.' : 'Correct the path.'}`,
        { path },
      );
    }
    const files = statSync(path).isDirectory() ? filesIn(path) : [path];
    if (files.length > 0 && (files[0] !== path || ENDINGS.has(extname(path)))) return files;
    throw new OnlineMigrationError(
      'MIGRATION_FILE_NOT_FOUND',
      `${path} ${files.length === 0 ? 'has no migration' : 'is no migration'}: the command reads files that end in ${[...ENDINGS].join(', ')}. ` +
        'If your tool keeps migrations in another form, let it write them as SQL: `python manage.py sqlmigrate app 0002 > 0002.sql`.',
      { path },
    );
  });
  const once = found.filter((path) => !isLast(path));
  return [...new Set([...once, ...found.filter(isLast)])];
}

function isLast(path: string): boolean {
  return REPEATABLE.test(basename(path));
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
    .toSorted((one, other) => byName(one.name, other.name));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    // A link counts as its target.
    if (entry.isDirectory() || (entry.isSymbolicLink() && existsSync(path) && statSync(path).isDirectory()))
      return entry.isDirectory() ? filesIn(path) : [];
    return ENDINGS.has(extname(entry.name)) && !BESIDE.test(basename(entry.name)) ? [path] : [];
  });
}
