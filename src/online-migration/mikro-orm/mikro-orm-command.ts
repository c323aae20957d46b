import { inspect, parseArgs } from 'node:util';
import type { MikroORM } from '@mikro-orm/core';
import type { ClientConfig, Pool } from 'pg';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { asDriverError, isConnectionLost } from '../postgres/database-error.ts';
import { clientFor, DatabaseUnreachableError } from '../postgres/open-client.ts';
import { ConnectionLostError } from '../postgres/session.ts';
import { POOL_SETTINGS, settingsStatement } from '../postgres/session-settings.ts';
import { type MigrationTargets, MigrationTargetError } from './migration-target.ts';

/** MikroORM's command line, as the second element of `process.argv`. */
const MIKRO_ORM_COMMAND = /(^|[\\/])(mikro-orm|@mikro-orm[\\/]cli[\\/]cli\.js)$/;

/** Whether this process is MikroORM's command line. */
export function isMikroOrmCommand(): boolean {
  return MIKRO_ORM_COMMAND.test(process.argv[1] ?? '');
}

/**
 * Gives each connection of MikroORM's pool the settings that migrations need. A role that is read-only by default, or
 * has no search_path, could not write the ledger. An application keeps the settings of its role.
 */
export function neutralizePool(orm: MikroORM): void {
  const options = orm.config.get('driverOptions');
  // A project's own dialect or client opens connections in its own way.
  if (typeof options !== 'object' || 'createDriver' in options || 'selectFrom' in options) return;
  const { onPoolCreated } = options as { onPoolCreated?: (pool: Pool) => void };
  // MikroORM's connection already has this object.
  Object.assign(options, {
    onPoolCreated: (pool: Pool) => {
      onPoolCreated?.(pool);
      pool.on('connect', (client) => {
        // The statement that needs the setting will report a failure.
        client.query(settingsStatement(POOL_SETTINGS)).catch(() => undefined);
      });
    },
  });
}

/**
 * MikroORM's command line prints an error as an object with its stack; a person at the terminal only needs the
 * message.
 */
export function printMessagesOnly(): void {
  Object.defineProperty(OnlineMigrationError.prototype, inspect.custom, {
    configurable: true,
    value(this: OnlineMigrationError): string {
      return this.message;
    },
  });
}

/** The error of a connection of MikroORM that was lost in a migration, as the package names it; any other error unchanged. */
export function namedLoss(error: unknown): unknown {
  if (error instanceof OnlineMigrationError || !isConnectionLost(error)) return error;
  const failure = asDriverError(error)!;
  // A socket of the migration itself.
  return 'syscall' in failure ? error : new ConnectionLostError(failure);
}

/** The error of a connection that MikroORM could not open, as the package names it; any other error unchanged. */
export function namedConnectionError(connection: ClientConfig, error: unknown): unknown {
  if (error instanceof OnlineMigrationError || !isConnectionLost(error)) return error;
  return new DatabaseUnreachableError(clientFor(connection), asDriverError(error)!);
}

/**
 * Refuses options that MikroORM's command line has dropped. It drops an option with an empty value (`--to "$UNSET"`),
 * and `--only` next to `--to` or `--from`, and then runs everything. This compares the written options with the
 * received ones.
 * @param argv arguments after the script's name
 * @param arrived the migrator's arguments
 * @throws MigrationTargetError if a written option was not received
 */
export function refuseForgottenOptions(argv: readonly string[], arrived: MigrationTargets): void {
  const { values } = parseArgs({
    args: [...argv],
    strict: false,
    options: {
      to: { type: 'string', short: 't' },
      from: { type: 'string', short: 'f' },
      only: { type: 'string', short: 'o' },
    },
  });
  if (values.only !== undefined && (values.to !== undefined || values.from !== undefined)) {
    throw new MigrationTargetError(
      'OPTIONS_CONFLICT',
      '--only cannot be combined with --to or --from: use one of them.',
    );
  }
  const forgotten =
    values.to !== undefined && arrived.to === undefined
      ? '--to'
      : values.from !== undefined && arrived.from === undefined
        ? '--from'
        : values.only !== undefined && arrived.migrations === undefined
          ? '--only'
          : undefined;
  if (forgotten === undefined) return;
  throw new MigrationTargetError(
    'OPTION_WITHOUT_VALUE',
    `${forgotten} has no value. Name a migration, or leave ${forgotten} out to run all that are pending.`,
    { option: forgotten },
  );
}
