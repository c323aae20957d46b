import type { Migrator } from '@mikro-orm/migrations';
import { MigrationTargetError, type MigrationTargets } from './migration-target.ts';

/** Options of MikroORM's `up` and `down`. */
export type RunOptions = Parameters<Migrator['up']>[0];

/** The targets among the options, which MikroORM accepts in several forms. */
export function targetsOf(options: RunOptions): MigrationTargets {
  if (options === undefined) return {};
  if (typeof options === 'string') return { migrations: [options] };
  if (Array.isArray(options)) return { migrations: options };
  return options;
}

/**
 * Refuses a transaction around all migrations, which would hold each phase's locks until the last one ends, and a
 * schema, because each phase names its own.
 * @param configured `migrations` of MikroORM's configuration
 * @throws MigrationTargetError if one of them was requested
 */
export function refuseRunOptions(
  options: RunOptions,
  configured: { readonly allOrNothing?: boolean | undefined },
): void {
  const given = typeof options === 'object' && 'transaction' in options && options.transaction !== undefined;
  if (given || configured.allOrNothing) {
    throw new MigrationTargetError(
      'ONE_TRANSACTION_FOR_ALL',
      `Migrations of a table in use cannot run in one transaction: each phase needs its own short ones. ` +
        (given
          ? `Call the migrator without \`transaction\`.`
          : `Set \`migrations.allOrNothing\` to false in mikro-orm.config.ts.`),
    );
  }
  if (typeof options === 'object' && 'schema' in options && options.schema !== undefined) {
    throw new MigrationTargetError(
      'OPTION_NOT_SUPPORTED',
      '--schema has no meaning here: each phase names the schema of its own table.',
      { option: '--schema' },
    );
  }
}
