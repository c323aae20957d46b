import type { Options } from '@mikro-orm/postgresql';
import type { OnlineMigrationListener } from '../change/events.ts';
import type { SettingsOptions } from '../phases/settings.ts';
import { OnlineMigrator } from './online-migrator.ts';
import type { OrdinaryMode } from './runner-resources.ts';

/** Options of {@link onlineMigrations}. */
export interface OnlineMigrationsOptions {
  /** MikroORM's own options for its migrator: `path`, `glob`, `tableName`, … */
  readonly migrations?: Options['migrations'];
  /** Further extensions of MikroORM. */
  readonly extensions?: Options['extensions'];
  /** Lock timeouts and backfill settings that differ from the defaults. */
  readonly settings?: SettingsOptions;
  /** Receives every event, in addition to the log. If it throws, the phase continues. */
  readonly onEvent?: OnlineMigrationListener;
  /**
   * Ordinary migrations: `safe`, the default, carries them out by safe steps. `check` runs only statements that need no other steps, and
   * refuses the others. `off` leaves them to MikroORM.
   */
  readonly ordinary?: OrdinaryMode;
}

/**
 * The settings that MikroORM needs for column changes, to be spread into its configuration:
 *
 *     export default defineConfig({ …, ...onlineMigrations({ migrations: { path: 'migrations' } }) });
 *
 * 1. `extensions`: the migrator and the schema comparison of this package in place of MikroORM's own.
 * 2. `migrations.allOrNothing: false`: one transaction around all migrations would hold every lock until the last one ends.
 * 3. `migrations.snapshot: false`: a snapshot file would be compared in place of the database itself.
 */
export function onlineMigrations({
  migrations,
  extensions = [],
  settings,
  onEvent,
  ordinary,
}: OnlineMigrationsOptions = {}): Pick<Options, 'extensions' | 'migrations'> {
  return {
    extensions: [
      OnlineMigrator.with({ ...settings, ...(onEvent && { onEvent }), ...(ordinary && { ordinary }) }),
      ...extensions,
    ],
    migrations: { ...migrations, allOrNothing: false, snapshot: false },
  };
}
