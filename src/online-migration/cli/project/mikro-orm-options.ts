import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { NamingOptions } from '../../new-change/project-migrations.ts';
import type { OnlineMigrationConfig } from './config-file.ts';

/** The options of MikroORM that concern its table and its files of migrations. */
interface MigrationOptions {
  readonly baseDir?: string;
  readonly schema?: string;
  readonly migrations?: NamingOptions & { readonly tableName?: string; readonly schema?: string };
}

/** A table by its names in the catalog. */
export interface LedgerTable {
  readonly schema: string;
  readonly name: string;
}

/** The table in which MikroORM records applied migrations; null if the project does not use MikroORM. */
export async function ledgerTableOf(config: OnlineMigrationConfig): Promise<LedgerTable | null> {
  const found = await optionsOf(config);
  if (found === null) return null;
  const { schema, migrations = {} } = found;
  // The order of MikroORM's MigrationStorage.
  const [first, second] = (migrations.tableName ?? 'mikro_orm_migrations').split('.') as [string, string?];
  return {
    schema: migrations.schema ?? (second === undefined ? (schema ?? 'public') : first),
    name: second ?? first,
  };
}

/**
 * The options for the files of migrations; empty if the project does not use MikroORM.
 * @param folder of the project
 */
export async function namingOptionsOf(config: OnlineMigrationConfig, folder: string): Promise<NamingOptions> {
  const { baseDir = folder, migrations = {} } = (await optionsOf(config)) ?? {};
  const { emit, fileName } = migrations;
  const { path, pathTs } = foldersOf(baseDir, migrations);
  return {
    ...(emit !== undefined && { emit }),
    ...(path !== undefined && { path: resolve(baseDir, path) }),
    ...(pathTs !== undefined && { pathTs: resolve(baseDir, pathTs) }),
    ...(fileName !== undefined && { fileName }),
  };
}

/** The folders that MikroORM takes if the options name none: `src/migrations` beside the compiled ones, if there is `src`. */
function foldersOf(baseDir: string, options: NamingOptions): Pick<NamingOptions, 'path' | 'pathTs'> {
  const has = (folder: string) => existsSync(join(baseDir, folder));
  if (options.path !== undefined || options.pathTs !== undefined || !has('src') || has('migrations'))
    return options;
  const compiled = ['dist', 'build'].find(has) ?? 'src';
  return { path: `${compiled}/migrations`, pathTs: 'src/migrations' };
}

async function optionsOf({ mikroOrm }: OnlineMigrationConfig): Promise<MigrationOptions | null> {
  const found: unknown = await (typeof mikroOrm === 'function' ? mikroOrm() : mikroOrm);
  return typeof found === 'object' ? found : null;
}
