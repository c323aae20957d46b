import { MikroORM, type Options } from '@mikro-orm/postgresql';
import type { ColumnChange } from '../change/column-change.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { nameOf } from '../change/names.ts';
import type { PhaseName } from '../change/phase-name.ts';
import { neutralizePool } from './mikro-orm-command.ts';
import { OnlineMigrator } from './online-migrator.ts';
import type { PhaseMigration } from './phase-list.ts';

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
  signal: AbortSignal,
): Promise<void> {
  const options = (await (typeof configuration === 'function' ? configuration() : configuration)) as Options;
  const orm = await MikroORM.init(options);
  neutralizePool(orm);
  try {
    await runMigrations(orm, change, names, direction, signal);
  } finally {
    await orm.close();
  }
}

async function runMigrations(
  { migrator }: MikroORM,
  change: ColumnChange,
  names: readonly PhaseName[],
  direction: 'up' | 'down',
  signal: AbortSignal,
): Promise<void> {
  if (!(migrator instanceof OnlineMigrator)) {
    throw new OnlineMigrationError(
      'MIGRATOR_NOT_REGISTERED',
      'MikroORM is configured without `...onlineMigrations()`: spread it into its options.',
    );
  }
  migrator.interruptAt(signal);
  const changeName = nameOf(change);
  const found = await migrator.phaseMigrations();
  const migrations = names.map((name) => {
    const migration = found.find((one) => one.change === changeName && one.phase === name);
    if (migration !== undefined) return migration.name;
    throw new OnlineMigrationError(
      'PHASE_WITHOUT_MIGRATION',
      `No migration of this project is the ${name} phase of ${changeName}: write one, a class that extends ColumnMigration.`,
    );
  });
  if (direction === 'up') await refuseOtherPhases(migrator, found, changeName, migrations.at(-1)!);
  if (direction === 'up') await migrator.up({ to: migrations.at(-1)! });
  else await migrator.down({ migrations });
}

/** MikroORM runs all pending migrations up to the target, also a contract of another change that waits for a release. */
async function refuseOtherPhases(
  migrator: OnlineMigrator,
  found: readonly PhaseMigration[],
  change: string,
  target: string,
): Promise<void> {
  const pending = (await migrator.getPending()).map(({ name }) => name);
  const first = pending.slice(0, pending.indexOf(target));
  const others = found
    .filter((one) => one.change !== change && first.includes(one.name))
    .map(({ name }) => name);
  if (others.length === 0) return;
  throw new OnlineMigrationError(
    'OTHER_PHASES_PENDING',
    `Phases of other changes are pending before ${target}: ${others.join(', ')}. Run them first, or give them later numbers.`,
    { target, others },
  );
}
