import type { MikroORM } from '@mikro-orm/core';
import { type MigrationResult, Migrator } from '@mikro-orm/migrations';
import type { DatabaseSchema } from '@mikro-orm/postgresql';
import type { ClientConfig } from 'pg';
import { DEFAULT_SETTINGS, type MigrationSettings } from '../phases/settings.ts';
import { keepsSessions, SessionsNotKeptError } from '../postgres/session-continuity.ts';
import { Session } from '../postgres/session.ts';
import { OnlineMigration } from './column-migration.ts';
import { refuseForgottenOptions } from './forgotten-options.ts';
import { interruptSignal } from '../postgres/interrupt-signal.ts';
import { MigrationLedger } from './migration-ledger.ts';
import {
  MigrationTargetError,
  type MigrationTargets,
  resolveName,
  resolveTargets,
} from './migration-target.ts';
import { acquireMigratorLock } from '../state/migrator-lock.ts';
import { neutralizePool } from './neutral-pool.ts';
import { OnlineMigrationRunner, type RunnerResources } from './migration-runner.ts';
import { OnlineSchemaGenerator } from './online-schema-generator.ts';
import { phasesOf, refuseToLog, refuseToUnlog } from './phase-migrations.ts';
import { chooseForRollup } from './rollup-choice.ts';

type RunOptions = Parameters<Migrator['up']>[0];

/** MikroORM's command line, as it appears in the second place of `process.argv`. */
const MIKRO_ORM_COMMAND = /(^|[\\/])(mikro-orm|@mikro-orm[\\/]cli[\\/]cli\.js)$/;

/** What MikroORM takes under `extensions`. */
interface MigratorExtension {
  readonly name: string;
  register(orm: MikroORM): void;
}

/**
 * MikroORM's migrator for a table in use; `extensions: [OnlineMigrator.with()]` makes `npx mikro-orm` use it.
 *
 * 1. One runner at a time over the whole database; none behind a pooler that would lose its lock.
 * 2. A target that does not exist, or is not one, is an error before anything runs.
 * 3. No transaction around all migrations: each move has its own, short ones, and writes the ledger in the last.
 * 4. The ledger says what the database has: `migration:log` and `migration:unlog` look at the stage, and `migration:rollup` leaves
 *    the phases alone.
 * 5. The objects of a change under way count as no difference between the entities and the database, and are in no snapshot file.
 */
export class OnlineMigrator extends Migrator {
  #settings = DEFAULT_SETTINGS;

  /**
   * The extension for MikroORM's configuration.
   * @param settings how patient the moves are, where it is to differ from the defaults
   */
  static with(settings: Partial<MigrationSettings> = {}): MigratorExtension {
    return {
      // MikroORM goes by this name to see that it need not register a migrator of its own.
      name: 'Migrator',
      register: (orm) => {
        OnlineSchemaGenerator.register(orm);
        if (MIKRO_ORM_COMMAND.test(process.argv[1] ?? '')) neutralizePool(orm);
        orm.config.registerExtension('@mikro-orm/migrator', () => {
          const migrator = new OnlineMigrator(orm.em as never);
          migrator.#settings = { ...DEFAULT_SETTINGS, ...settings };
          return migrator;
        });
      },
    };
  }

  /** Also logs the columns that the comparison has left out: otherwise an index that was added there is missing without a reason. */
  override async create(...options: Parameters<Migrator['create']>): Promise<MigrationResult> {
    const result = await super.create(...options);
    this.#logLeftOut();
    return result;
  }

  override async checkSchema(): Promise<boolean> {
    const isDifferent = await super.checkSchema();
    this.#logLeftOut();
    return isDifferent;
  }

  /**
   * Records a migration as applied without running it.
   * @param name its name, or the beginning of it
   * @throws MoveRefusedError if it is a phase that the database does not have
   */
  override async logMigration(name: string): Promise<void> {
    await this.#underLock(async ({ session }) => {
      const migrations = await this.discoverMigrations();
      const known = resolveName(
        '--name',
        name,
        migrations.map((migration) => migration.name),
      );
      if ((await this.storage.executed()).includes(known)) {
        throw new MigrationTargetError(`Cannot log ${known}: it is logged already.`);
      }
      const migration = await this.#onlineRunner.load(migrations.find((other) => other.name === known)!);
      await refuseToLog(session, known, await phasesOf(migration));
      await super.logMigration(known);
    });
  }

  /**
   * Records a migration as reverted without reverting it. Its file may be gone.
   * @param name its name, or the beginning of it
   * @throws MoveRefusedError if it is a phase that the database still has
   */
  override async unlogMigration(name: string): Promise<void> {
    await this.#underLock(async ({ session }) => {
      const migrations = await this.discoverMigrations();
      const applied = await this.storage.executed();
      const names = [...new Set([...migrations.map((migration) => migration.name), ...applied])];
      const known = resolveName('--name', name, names);
      if (!applied.includes(known)) {
        throw new MigrationTargetError(`Cannot unlog ${known}: it is not logged.`);
      }
      const found = migrations.find((other) => other.name === known);
      if (found !== undefined) {
        await refuseToUnlog(session, known, await phasesOf(await this.#onlineRunner.load(found)));
      }
      await super.unlogMigration(known);
    });
  }

  /**
   * Merges ordinary migrations behind the last phase of a column change into one; leaves all others out.
   * @throws MoveRefusedError if a requested one cannot be merged, or fewer than two can be
   */
  override async rollup(requested?: string[]): Promise<MigrationResult> {
    return this.#underLock(async ({ log }) => {
      const migrations = await this.discoverMigrations();
      const online: string[] = [];
      for (const migration of migrations) {
        if ((await this.#onlineRunner.load(migration)) instanceof OnlineMigration)
          online.push(migration.name);
      }
      const known = migrations.map(({ name }) => name);
      const applied = await this.storage.executed();
      const names = requested?.map((name) => resolveName('rollup', name, known));
      const chosen = chooseForRollup({ known, applied, online }, names);
      const leftOut = known.filter((name) => applied.includes(name) && !chosen.includes(name));
      if (names === undefined && leftOut.length > 0) log(`the roll-up leaves out ${leftOut.join(', ')}`);
      return super.rollup(chosen);
    });
  }

  /** @param schema as it was read from the database, after a migration */
  protected override async storeCurrentSchema(schema?: DatabaseSchema): Promise<void> {
    if (schema !== undefined) await this.#schemaGenerator?.leaveChangesOut(schema);
    await super.storeCurrentSchema(schema);
  }

  protected override createRunner(): OnlineMigrationRunner {
    return new OnlineMigrationRunner(this.driver, this.options, this.config);
  }

  protected override createStorage(): MigrationLedger {
    return new MigrationLedger(this.driver, this.options);
  }

  protected override async runMigrations(method: 'up' | 'down', options?: RunOptions) {
    const targets = targetsOf(options);
    this.#refuseMasterTransaction(options);
    if (typeof options === 'object' && 'schema' in options && options.schema !== undefined) {
      throw new MigrationTargetError(
        '--schema has no meaning here: each move names the schema of its own table.',
      );
    }
    if (MIKRO_ORM_COMMAND.test(process.argv[1] ?? '')) refuseForgottenOptions(process.argv.slice(2), targets);
    return this.#underLock(async (resources) => {
      const known = (await this.discoverMigrations()).map(({ name }) => name);
      const applied = await this.storage.executed();
      const resolved = resolveTargets(method, targets, known, applied);
      this.#onlineRunner.lend(resources);
      try {
        return await super.runMigrations(method, {
          ...(typeof options === 'object' && !Array.isArray(options) ? options : {}),
          ...resolved,
        });
      } finally {
        this.#onlineRunner.lend(undefined);
      }
    });
  }

  /** Runs a command on a session that holds the migrator's lock. */
  async #underLock<T>(command: (resources: RunnerResources) => Promise<T>): Promise<T> {
    const log = (line: string) => this.#log(line);
    const connection = {
      ...this.driver.getConnection().getConnectionOptions(),
      // TLS, and whatever else the URL's parts do not say.
      ...this.config.get('driverOptions'),
    } as ClientConfig;
    if (!(await keepsSessions(connection))) throw new SessionsNotKeptError();
    await this.init();
    using interrupt = interruptSignal(log);
    await using session = await Session.open(connection, 'online-migration', interrupt);
    await acquireMigratorLock(session, log, interrupt.signal);
    return await command({
      session,
      openSession: () => Session.open(connection, 'online-migration worker', interrupt),
      settings: this.#settings,
      log,
      signal: AbortSignal.any([interrupt.signal, session.lost]),
    });
  }

  get #onlineRunner(): OnlineMigrationRunner {
    return this.runner as OnlineMigrationRunner;
  }

  /** Undefined if the project has registered its own in its place. */
  get #schemaGenerator(): OnlineSchemaGenerator | undefined {
    const generator = this.config.getExtension('@mikro-orm/schema-generator');
    return generator instanceof OnlineSchemaGenerator ? generator : undefined;
  }

  #logLeftOut(): void {
    for (const table of this.#schemaGenerator?.leftOut ?? []) {
      this.#log(`the comparison leaves out ${table}: a column change is under way, or mappings differ there`);
    }
  }

  #log(line: string): void {
    this.config.getLogger().log('migrator', line, { enabled: true });
  }

  /** A transaction around all migrations would hold each move's locks until the last one ends. */
  #refuseMasterTransaction(options: RunOptions): void {
    const given =
      typeof options === 'object' && 'transaction' in options && options.transaction !== undefined;
    if (!given && !this.options.allOrNothing) return;
    throw new MigrationTargetError(
      `Migrations of a table in use cannot run in one transaction: each move needs short ones of its own. ` +
        (given
          ? `Call the migrator without \`transaction\`.`
          : `Set \`migrations.allOrNothing\` to false in mikro-orm.config.ts.`),
    );
  }
}

function targetsOf(options: RunOptions): MigrationTargets {
  if (options === undefined) return {};
  if (typeof options === 'string') return { migrations: [options] };
  if (Array.isArray(options)) return { migrations: options };
  return options;
}
