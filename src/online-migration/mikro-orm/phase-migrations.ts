import { MikroORM, type Options } from '@mikro-orm/postgresql';
import { changedColumnOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { namesOf } from '../change/names.ts';
import type { PhaseName } from '../change/phase-name.ts';
import { OnlineMigrator } from './online-migrator.ts';

/**
 * Runs the migrations that are phases of a change with MikroORM's migrator. Migrations between them run too.
 * @param configuration MikroORM's options, or a function that returns them
 * @param names the phases, in order
 * @throws OnlineMigrationError if the project has no migration for one of the phases
 */
export async function runPhaseMigrations(
  configuration: unknown,
  change: ColumnChange,
  names: readonly PhaseName[],
  direction: 'up' | 'down',
): Promise<void> {
  const options = (await (typeof configuration === 'function' ? configuration() : configuration)) as Options;
  const orm = await MikroORM.init(options);
  try {
    await runMigrations(orm, change, names, direction);
  } finally {
    await orm.close();
  }
}

async function runMigrations(
  { migrator }: MikroORM,
  change: ColumnChange,
  names: readonly PhaseName[],
  direction: 'up' | 'down',
): Promise<void> {
  if (!(migrator instanceof OnlineMigrator)) {
    throw new OnlineMigrationError(
      'MIGRATOR_NOT_REGISTERED',
      'MikroORM is configured without `...onlineMigrations()`: spread it into its options.',
    );
  }
  const { change: changeName } = namesOf(changedColumnOf(change));
  const found = await migrator.phaseMigrations();
  const migrations = names.map((name) => {
    const migration = found.find((one) => one.change === changeName && one.phase === name);
    if (migration !== undefined) return migration.name;
    throw new OnlineMigrationError(
      'PHASE_WITHOUT_MIGRATION',
      `No migration of this project is the ${name} phase of ${changeName}: write one, a class that extends ColumnMigration.`,
    );
  });
  if (direction === 'up') await migrator.up({ to: migrations.at(-1)! });
  else await migrator.down({ migrations });
}
