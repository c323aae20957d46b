import { mkdir, mkdtempDisposable, readdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EntitySchema } from '@mikro-orm/core';
import { MikroORM, type Options } from '@mikro-orm/postgresql';
import { onlineMigrations, type OnlineMigrator } from '../../../../src/online-migration/mikro-orm/index.ts';
import { PROJECT_FOLDER } from '../../../../src/database/project-folder.ts';

/** The packages that the files import. Without a formatter, a project gets them as they are written. */
const PACKAGES = ['@mikro-orm', 'online-migration'];

/** A project whose migrations are generated files in a folder of its own. */
export interface GeneratedProject extends AsyncDisposable {
  readonly folder: string;
  readonly migrator: OnlineMigrator;
  readonly log: readonly string[];
  /** The names of the migrations' files, in order. */
  readonly files: () => Promise<string[]>;
}

/**
 * Opens a project that has no migrations yet.
 * @param options further ones of MikroORM's migrator
 */
export async function openGeneratedProject(
  url: string,
  entities: readonly EntitySchema[],
  options: Options['migrations'] = {},
): Promise<GeneratedProject> {
  const resources = new AsyncDisposableStack();
  const folder = resources.use(await mkdtempDisposable(join(tmpdir(), 'generated-'))).path;
  await mkdir(join(folder, 'node_modules'));
  for (const name of PACKAGES)
    await symlink(join(PROJECT_FOLDER, 'node_modules', name), join(folder, 'node_modules', name));
  const log: string[] = [];
  const orm = await MikroORM.init({
    clientUrl: url,
    baseDir: folder,
    entities: [...entities],
    colors: false,
    logger: (line) => log.push(line),
    ...onlineMigrations({ migrations: { path: 'migrations', ...options } }),
  });
  resources.defer(() => orm.close());
  return {
    folder,
    log,
    migrator: orm.migrator as OnlineMigrator,
    files: async () => {
      const names = await readdir(join(folder, 'migrations')).catch(() => []);
      return names.toSorted((one, other) => one.localeCompare(other));
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
