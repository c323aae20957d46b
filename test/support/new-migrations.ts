import { numberedNames } from '../../src/online-migration/new-change/migration-names.ts';
import type { NewMigrations } from '../../src/online-migration/new-change/new-change.ts';

/** The migrations of a new change in a project that has none. */
export const FIRST_MIGRATIONS: NewMigrations = {
  migrations: numberedNames('migrations', []),
  firstPlace: 0,
};
