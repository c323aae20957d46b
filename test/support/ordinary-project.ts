import type { Migration } from '@mikro-orm/migrations';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import type { OnlineMigrationEvent } from '../../src/online-migration/index.ts';
import { onlineMigrations } from '../../src/online-migration/mikro-orm/index.ts';
import type { SettingsOptions } from '../../src/online-migration/phases/settings.ts';
import { openTestMigrator, type TestMigrator } from './test-migrator.ts';
import type { TestedDatabase } from './tested-database.ts';

/** The parts of a project besides its migrations. */
export interface ProjectOptions {
  readonly events?: OnlineMigrationEvent[];
  readonly settings?: SettingsOptions;
  readonly entities?: readonly unknown[];
  readonly ordinary?: 'safe' | 'check' | 'off';
  /** Options of MikroORM's migrator besides the list of migrations. */
  readonly migrations?: object;
  /** Further options of MikroORM. */
  readonly options?: object;
}

/**
 * Opens a MikroORM project whose migrations are these classes.
 * @param migrations the classes by their names in the ledger
 */
export function openOrdinaryProject(
  { url }: Pick<TestedDatabase, 'url'>,
  migrations: Readonly<Record<string, new (...given: never[]) => Migration>>,
  { events = [], settings = {}, entities = [], ordinary = 'safe', ...given }: ProjectOptions = {},
): Promise<TestMigrator> {
  return openTestMigrator({
    clientUrl: url,
    driver: PostgreSqlDriver,
    entities,
    ...given.options,
    discovery: { warnWhenNoEntities: false },
    ...onlineMigrations({
      migrations: {
        ...given.migrations,
        migrationsList: Object.entries(migrations).map(([name, migration]) => ({
          name,
          class: migration as never,
        })),
      },
      onEvent: (event) => events.push(event),
      settings,
      ordinary,
    }),
  } as never);
}
