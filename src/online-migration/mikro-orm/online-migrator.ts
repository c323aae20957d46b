import type { MikroORM } from '@mikro-orm/core';
import type { MigrationResult } from '@mikro-orm/migrations';
import { emitTo } from '../change/emitter.ts';
import type { OnlineMigrationListener } from '../change/events.ts';
import { logEvents } from '../observation/event-log.ts';
import { forgetProgress } from '../ordinary/progress.ts';
import { useLittleMemory } from '../little-memory/index.ts';
import { settingsOf, type SettingsOptions } from '../phases/settings.ts';
import { interruptSignal } from '../postgres/interrupt-signal.ts';
import { assertPeerVersion } from '../postgres/peer-versions.ts';
import { Session } from '../postgres/session.ts';
import { keepsSessions, SessionsNotKeptError } from '../postgres/session-continuity.ts';
import { acquireMigratorLock } from '../state/migrator-lock.ts';
import { ColumnMigration } from './column-migration.ts';
import { OnlineSchemaGenerator } from './comparison/online-schema-generator.ts';
import { refuseToLog, refuseToUnlog } from './ledger-commands.ts';
import { reportMigrations } from './migration-events.ts';
import { MigrationTargetError, resolveName, resolveTargets } from './migration-target.ts';
import {
  isMikroOrmCommand,
  neutralizePool,
  printMessagesOnly,
  refuseForgottenOptions,
} from './mikro-orm-command.ts';
import { OnlineMigration } from './online-migration.ts';
import { chooseForRollup } from './rollup-choice.ts';
import { refuseRunOptions, type RunOptions, targetsOf } from './run-options.ts';
import type { OrdinaryMode, RunnerResources } from './runner-resources.ts';
import { WritingMigrator } from './writing-migrator.ts';

/** Options of the migrator besides MikroORM's own. */
export interface OnlineMigratorOptions extends SettingsOptions {
  /** Receives every event, in addition to the log. If it throws, the phase continues. */
  readonly onEvent?: OnlineMigrationListener;
  /** How ordinary migrations run; by safe steps by default. */
  readonly ordinary?: OrdinaryMode;
}

/** An element of MikroORM's `extensions`. */
interface MigratorExtension {
  readonly name: string;
  register(orm: MikroORM): void;
}

/**
 * MikroORM's migrator for a table in use; `extensions: [OnlineMigrator.with()]` makes `npx mikro-orm` use it.
 *
 * 1. Only one runner works on a database at a time. It refuses to run behind a pooler that would lose its lock.
 * 2. A target that does not exist or is ambiguous is an error before anything runs.
 * 3. No transaction spans all migrations. Each phase has its own short ones, and writes the ledger in the last one.
 * 4. The ledger matches the database: `migration:log` and `migration:unlog` check the stage, and `migration:rollup`
 *    leaves out the phases.
 * 5. Objects of a change under way are not reported as differences between the entities and the database, and
 *    snapshot files do not contain them.
 */
export class OnlineMigrator extends WritingMigrator {
  #signal: AbortSignal | undefined;

  /**
   * The extension for MikroORM's configuration.
   * @param options.onEvent receives every event, in addition to the log
   * @param options lock timeouts and backfill settings that differ from the defaults
   */
  static with({ onEvent, ordinary = 'safe', ...settings }: OnlineMigratorOptions = {}): MigratorExtension {
    for (const name of ['@mikro-orm/core', '@mikro-orm/migrations', '@mikro-orm/postgresql'] as const) {
      assertPeerVersion(name);
    }
    // A configuration may have done it earlier, which is better. An application keeps Node's own size.
    if (isMikroOrmCommand()) useLittleMemory();
    return {
      // MikroORM checks for this name before it registers its own migrator.
      name: 'Migrator',
      register: (orm) => {
        OnlineSchemaGenerator.register(orm, () => (orm.migrator as OnlineMigrator).declaredChanges());
        if (isMikroOrmCommand()) {
          neutralizePool(orm);
          printMessagesOnly();
        }
        orm.config.registerExtension('@mikro-orm/migrator', () => {
          const migrator = new OnlineMigrator(orm.em as never);
          migrator.settings = settingsOf(settings);
          migrator.ordinary = ordinary;
          migrator.listeners = onEvent === undefined ? [] : [onEvent];
          return migrator;
        });
      },
    };
  }

  /** Interrupts phases at this signal, for a caller that handles the signals of the process itself. */
  interruptAt(signal: AbortSignal): void {
    this.#signal = signal;
  }

  /**
   * Records a migration as applied without running it.
   * @param name its name, or a prefix
   * @throws PhaseRefusedError if it is a phase that the database does not have
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
        throw new MigrationTargetError('MIGRATION_LOGGED', `Cannot log ${known}: it is logged already.`);
      }
      const migration = await this.onlineRunner.load(migrations.find((other) => other.name === known)!);
      await refuseToLog(session, known, migration);
      await forgetProgress(session, known);
      await super.logMigration(known);
    });
  }

  /**
   * Records a migration as reverted without reverting it. Its file may be deleted.
   * @param name its name, or a prefix
   * @throws PhaseRefusedError if it is a phase that the database still has
   */
  override async unlogMigration(name: string): Promise<void> {
    await this.#underLock(async ({ session }) => {
      const migrations = await this.discoverMigrations();
      const applied = await this.storage.executed();
      const names = [...new Set([...migrations.map((migration) => migration.name), ...applied])];
      const known = resolveName('--name', name, names);
      if (!applied.includes(known)) {
        throw new MigrationTargetError('MIGRATION_NOT_LOGGED', `Cannot unlog ${known}: it is not logged.`);
      }
      const found = migrations.find((other) => other.name === known);
      if (found !== undefined) {
        await refuseToUnlog(session, known, await this.onlineRunner.load(found));
      }
      await forgetProgress(session, known);
      await super.unlogMigration(known);
    });
  }

  /**
   * Merges ordinary migrations after the last phase of a column change into one; leaves out all others.
   * @throws PhaseRefusedError if a requested one cannot be merged, or fewer than two can be merged
   */
  override async rollup(requested?: string[]): Promise<MigrationResult> {
    return this.#underLock(async ({ emit }) => {
      const migrations = await this.discoverMigrations();
      const online: string[] = [];
      for (const migration of migrations) {
        const loaded = await this.onlineRunner.load(migration);
        if (loaded instanceof ColumnMigration || loaded instanceof OnlineMigration)
          online.push(migration.name);
      }
      const known = migrations.map(({ name }) => name);
      const applied = await this.storage.executed();
      const names = requested?.map((name) => resolveName('rollup', name, known));
      const chosen = chooseForRollup({ known, applied, online }, names);
      const leftOut = known.filter((name) => applied.includes(name) && !chosen.includes(name));
      if (names === undefined && leftOut.length > 0) {
        emit({
          type: 'rollup-reduced',
          migrations: leftOut,
          message: `the roll-up leaves out ${leftOut.join(', ')}`,
        });
      }
      return super.rollup(chosen);
    });
  }

  protected override async runMigrations(method: 'up' | 'down', options?: RunOptions) {
    refuseRunOptions(options, this.options);
    const targets = targetsOf(options);
    if (isMikroOrmCommand()) refuseForgottenOptions(process.argv.slice(2), targets);
    return this.#underLock(async (resources) => {
      const known = (await this.discoverMigrations()).map(({ name }) => name);
      const applied = await this.storage.executed();
      const resolved = resolveTargets(method, targets, known, applied);
      using report = reportMigrations(this, method, resources.emit);
      this.onlineRunner.lend({
        ...resources,
        nameOf: (migration) => report.current() ?? migration.constructor.name,
      });
      try {
        return await super.runMigrations(method, {
          ...(typeof options === 'object' && !Array.isArray(options) ? options : {}),
          ...resolved,
        });
      } finally {
        this.onlineRunner.lend(undefined);
      }
    });
  }

  /** Runs a command on a session that holds the migrator's lock. */
  async #underLock<T>(command: (resources: RunnerResources) => Promise<T>): Promise<T> {
    using eventLog = logEvents((line) => this.logLine(line));
    const emit = emitTo(eventLog.listen, ...this.listeners);
    const connection = this.connection;
    if (!(await keepsSessions(connection))) throw new SessionsNotKeptError();
    await this.init();
    using interrupt =
      this.#signal === undefined
        ? interruptSignal(emit)
        : { signal: this.#signal, emit, [Symbol.dispose]: () => undefined };
    await using session = await Session.open(connection, 'online-migration', interrupt);
    await acquireMigratorLock(session, emit, interrupt.signal);
    return await command({
      session,
      openSession: () => Session.open(connection, 'online-migration worker', interrupt),
      prepare: this.config.get('onCreateConnection'),
      settings: this.settings,
      ordinary: this.ordinary,
      emit,
      nameOf: (migration) => migration.constructor.name,
      signal: AbortSignal.any([interrupt.signal, session.lost]),
    });
  }
}
