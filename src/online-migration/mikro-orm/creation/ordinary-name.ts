import {
  type MigrationNames,
  timeIn,
  timestampAt,
  timestampedNames,
} from '../../new-change/migration-names.ts';
import {
  type NamingOptions,
  type ProjectMigrations,
  readProjectMigrations,
} from '../../new-change/project-migrations.ts';
import { refuseExisting } from '../../new-change/written-files.ts';

/** The parts of a project on which the name of an ordinary migration depends. */
export interface Naming {
  /** The project's folder. */
  readonly folder: string;
  /** MikroORM's options for migrations; the name of the next file is set in it. */
  readonly options: NamingOptions & { fileName?: NamingOptions['fileName'] };
  /** The folder for this migration, in place of the one in the options. */
  readonly path: string | undefined;
  /** The name for this migration. */
  readonly name: string | undefined;
}

/** The name of the next ordinary migration. */
export interface NextName extends Disposable {
  /** The options with the folder of this migration. */
  readonly options: NamingOptions;
  /**
   * Has MikroORM name its next file.
   * @param words for a numbered file without a name of its own; none if there is no ordinary migration
   * @returns `ordinary` is its path, relative to the project
   * @throws OnlineMigrationError if the file exists: MikroORM would overwrite it
   */
  set(words: string | undefined): Promise<ProjectMigrations & { readonly ordinary?: string }>;
  /**
   * The names of the files that come with it. MikroORM's clock has run on, so they are known when it has written its file.
   * @param place the folder of the migrations
   * @returns names that begin with that of MikroORM's file; undefined if they have not changed
   */
  namesNow(place: string): MigrationNames | undefined;
}

/** A longer list of tables is hard to read in a file's name. */
const MOST_TABLES = 3;

/** Names the next ordinary migration like the project's others: if they have numbers, it gets the next one. */
export function namedLikeOthers({ folder, options: given, path, name }: Naming): NextName {
  const { emit, fileName } = given;
  const folders = path === undefined ? given : { path, pathTs: path };
  const options: NamingOptions = {
    ...(emit !== undefined && { emit }),
    ...(fileName !== undefined && { fileName }),
    ...(folders.path !== undefined && { path: folders.path }),
    ...(folders.pathTs !== undefined && { pathTs: folders.pathTs }),
  };
  let timestamp: string | undefined;
  return {
    options,
    namesNow: (place) =>
      timestamp === undefined ? undefined : timestampedNames(place, fileName!, timeIn(timestamp)!),
    set: async (words) => {
      const project = await readProjectMigrations(folder, options);
      const { migrations, isNumbered } = project;
      given.fileName = (now, own) => {
        if (isNumbered) return migrations.fileOf(0, own ?? words ?? '');
        timestamp = timestampAt(Math.max(timeIn(now)!, project.firstTime));
        return fileName!(timestamp, own);
      };
      if (words === undefined) return project;
      const chosen = name ?? (isNumbered ? words : undefined);
      const file = chosen === undefined ? migrations.prefixOf(0) : migrations.fileOf(0, chosen);
      const ordinary = `${migrations.folder}/${file}.${emit ?? 'ts'}`;
      refuseExisting(folder, [{ path: ordinary, text: '' }]);
      return { ...project, ordinary };
    },
    [Symbol.dispose]: () => {
      if (fileName !== undefined) given.fileName = fileName;
    },
  };
}

/** The words of a numbered file: `change_orders_customers`. */
export function wordsFor(up: string): string {
  const tables = [...up.matchAll(/\b(?:table|on) (?:if (?:not )?exists )?(?:"[^"]+"\.)?"([^"]+)"/g)].map(
    ([, table]) => table!.replaceAll(/[^A-Za-z0-9]+/g, '_').toLowerCase(),
  );
  return ['change', ...[...new Set(tables)].slice(0, MOST_TABLES)].join('_');
}
