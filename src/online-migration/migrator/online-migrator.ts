import type { MikroORM } from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import type { ClientConfig } from 'pg';
import { refuseForgottenOptions } from './command-line.ts';
import { interruptSignal } from './interrupt.ts';
import { MigrationLedger } from './migration-ledger.ts';
import { type MigrationTargets, resolveTargets } from './migration-target.ts';
import { acquireMigratorLock } from './migrator-lock.ts';
import { OnlineMigrationRunner } from './online-migration-runner.ts';

type RunOptions = Parameters<Migrator['up']>[0];

/** MikroORM's command line, as it appears in the second place of `process.argv`. */
const MIKRO_ORM_COMMAND = /(^|[\\/])(mikro-orm|@mikro-orm[\\/]cli[\\/]cli\.js)$/;

/**
 * MikroORM's migrator for a table in use; `extensions: [OnlineMigrator]` makes `npx mikro-orm` use it.
 *
 * 1. One runner at a time over the whole database.
 * 2. A target that does not exist, or is not one, is an error before anything runs.
 * 3. No transaction around all migrations: each move has its own, short ones, and writes the ledger in the last.
 */
export class OnlineMigrator extends Migrator {
  /** MikroORM goes by this name to see that it need not register a migrator of its own. */
  static override readonly name = 'Migrator';

  static override register(orm: MikroORM): void {
    orm.config.registerExtension('@mikro-orm/migrator', () => new OnlineMigrator(orm.em as never));
  }

  protected override createRunner(): OnlineMigrationRunner {
    return new OnlineMigrationRunner(this.driver, this.options, this.config);
  }

  protected override createStorage(): MigrationLedger {
    return new MigrationLedger(this.driver, this.options);
  }

  protected override async runMigrations(method: 'up' | 'down', options?: RunOptions) {
    const targets = targetsOf(options);
    if (MIKRO_ORM_COMMAND.test(process.argv[1] ?? '')) refuseForgottenOptions(process.argv.slice(2), targets);
    const log = (line: string) => this.config.getLogger().log('migrator', line, { enabled: true });
    await this.init();
    using interrupt = interruptSignal(method);
    const connection = this.driver.getConnection().getConnectionOptions() as ClientConfig;
    await using lock = await acquireMigratorLock(connection, log, interrupt.signal);
    const known = (await this.discoverMigrations()).map(({ name }) => name);
    const applied = await this.storage.executed();
    const resolved = resolveTargets(method, targets, known, applied);
    const runner = this.runner as OnlineMigrationRunner;
    runner.lend({ connection, log, signal: AbortSignal.any([interrupt.signal, lock.lost]) });
    try {
      return await super.runMigrations(method, {
        ...(typeof options === 'object' && !Array.isArray(options) ? options : {}),
        ...resolved,
      });
    } finally {
      runner.lend(undefined);
    }
  }
}

function targetsOf(options: RunOptions): MigrationTargets {
  if (options === undefined) return {};
  if (typeof options === 'string') return { migrations: [options] };
  if (Array.isArray(options)) return { migrations: options };
  return options;
}
