import { MikroORM, type Options } from '@mikro-orm/postgresql';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { neutralizePool } from './mikro-orm-command.ts';
import { OnlineMigrator } from './online-migrator.ts';
import type { PendingMigration } from './pending-migration.ts';

/**
 * Plans the pending migrations of a MikroORM project, and changes nothing. Each is planned on the database as it is now, with the
 * tables and columns of the ordinary migrations ahead of it, and planned again when it runs.
 *
 * @param configuration MikroORM's options, or a function that returns them
 */
export async function planPending(configuration: unknown): Promise<PendingMigration[]> {
  const options = (await (typeof configuration === 'function' ? configuration() : configuration)) as Options;
  const orm = await MikroORM.init(options);
  neutralizePool(orm);
  try {
    const { migrator } = orm;
    if (migrator instanceof OnlineMigrator) return await migrator.pendingPlans();
    throw new OnlineMigrationError(
      'MIGRATOR_NOT_REGISTERED',
      'MikroORM is configured without `...onlineMigrations()`: spread it into its options.',
    );
  } finally {
    await orm.close();
  }
}
