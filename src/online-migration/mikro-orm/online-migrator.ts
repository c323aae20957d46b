import type { MikroORM } from '@mikro-orm/core';
import { type MigrationResult, Migrator } from '@mikro-orm/migrations';
import type { DatabaseSchema } from '@mikro-orm/postgresql';
import type { ClientConfig } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { emitTo } from '../change/emitter.ts';
import type { OnlineMigrationListener } from '../change/events.ts';
import { logEvents } from '../observation/event-log.ts';
import { ColumnMigration } from './column-migration.ts';
import { OnlineMigration } from './online-migration.ts';
import { settingsOf, type SettingsOptions } from '../phases/settings.ts';
import { assertPeerVersion } from '../postgres/peer-versions.ts';
import { keepsSessions, SessionsNotKeptError } from '../postgres/session-continuity.ts';
import { Session } from '../postgres/session.ts';
import {
  isMikroOrmCommand,
  namedConnectionError,
  neutralizePool,
  printMessagesOnly,
  refuseForgottenOptions,
} from './mikro-orm-command.ts';
import { interruptSignal } from '../postgres/interrupt-signal.ts';
import { MigrationLedger } from './migration-ledger.ts';
import { commentStatements, readComments } from './commented-statements.ts';
import { reportMigrations } from './migration-events.ts';
import { MigrationTargetError, resolveName, resolveTargets } from './migration-target.ts';
import { acquireMigratorLock } from '../state/migrator-lock.ts';
import { listPhases, type PhaseMigration } from './phase-list.ts';
import { withOwnSettings } from './ordinary-migration.ts';
import { type PendingMigration, planOf } from './pending-migration.ts';
import { OnlineMigrationRunner } from './migration-runner.ts';
import type { OrdinaryMode, RunnerResources } from './runner-resources.ts';
import { OnlineSchemaGenerator } from './comparison/online-schema-generator.ts';
import { refuseToLog, refuseToUnlog } from './ledger-commands.ts';
import { chooseForRollup } from './rollup-choice.ts';
import { type Answers, NO_ANSWERS } from './creation/answers.ts';
import { terminalOf } from './creation/ask-in-terminal.ts';
import type { Naming } from './creation/ordinary-name.ts';
import type { Ask } from './creation/questions.ts';
import { MadeHere } from '../ordinary/planning/made-here.ts';
import { DatabaseUnreachableError } from '../postgres/open-client.ts';
import { forgetProgress } from '../ordinary/progress.ts';
import { refuseRunOptions, type RunOptions, targetsOf } from './run-options.ts';

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
export class OnlineMigrator extends Migrator {
  #settings = settingsOf();
  #listeners: readonly OnlineMigrationListener[] = [];
  #ordinary: OrdinaryMode = 'safe';
  #signal: AbortSignal | undefined;
  #comments = false;
  #answers: Answers | 'as written' = NO_ANSWERS;
  #ask: Ask | undefined;
  /** While the files of a new migration are not all written. */
  #holdsSnapshot = false;

  /**
   * The extension for MikroORM's configuration.
   * @param options.onEvent receives every event, in addition to the log
   * @param options lock timeouts and backfill settings that differ from the defaults
   */
  static with({ onEvent, ordinary = 'safe', ...settings }: OnlineMigratorOptions = {}): MigratorExtension {
    for (const name of ['@mikro-orm/core', '@mikro-orm/migrations', '@mikro-orm/postgresql'] as const) {
      assertPeerVersion(name);
    }
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
          migrator.#settings = settingsOf(settings);
          migrator.#ordinary = ordinary;
          migrator.#listeners = onEvent === undefined ? [] : [onEvent];
          return migrator;
        });
      },
    };
  }

  /**
   * Also reports columns that the comparison has left out, because a new index on them would be missing without a
   * reason.
   */
  override async create(...options: Parameters<Migrator['create']>): Promise<MigrationResult> {
    const [path, isBlank = false, isInitial = false, name] = options;
    this.#comments = this.#ordinary !== 'off' && !isInitial;
    const schemaGenerator = this.#schemaGenerator;
    const isDecided =
      this.#comments && !isBlank && this.#answers !== 'as written' && schemaGenerator !== undefined;
    await this.resolvePaths();
    const naming = { folder: this.config.get('baseDir'), options: this.options, path, name };
    const result = isDecided
      ? await this.#createDecided(schemaGenerator, naming, options)
      : await this.#createNamed(naming, options);
    this.#reportLeftOut();
    return result;
  }

  /**
   * Answers the questions of the next new migrations.
   * @param answers `as written` for MikroORM's own statements
   * @param ask asks a person for the other answers
   */
  answerBy(answers: Answers | 'as written', ask?: Ask): void {
    this.#answers = answers;
    this.#ask = ask;
  }

  /** MikroORM writes the migration; it is named like the others. */
  async #createNamed(given: Naming, options: Parameters<Migrator['create']>): Promise<MigrationResult> {
    if (!this.#comments) return super.create(...options);
    const { namedLikeOthers } = await import('./creation/ordinary-name.ts');
    using naming = namedLikeOthers(given);
    await naming.set(options[1] === true ? 'blank' : 'change');
    return await super.create(...options);
  }

  async #createDecided(
    schemaGenerator: OnlineSchemaGenerator,
    naming: Naming,
    options: Parameters<Migrator['create']>,
  ): Promise<MigrationResult> {
    const defaultSchema = this.driver.getPlatform().getDefaultSchemaName() ?? 'public';
    // `migration:up` does not need it.
    const { createMigration } = await import('./creation/create-migration.ts');
    return createMigration({
      ...naming,
      schemaGenerator,
      generator: () => this.generator,
      // MikroORM writes the schema of the configuration before each name, too.
      defaultSchema,
      answers: this.#answers === 'as written' ? NO_ANSWERS : this.#answers,
      ask: isMikroOrmCommand() ? terminalOf(process.stdin, process.stdout) : this.#ask,
      declared: await this.declaredChanges(),
      readPending: () => this.#pendingOrdinary(),
      openSession: () => this.#openIfThere(),
      create: async () => {
        this.#holdsSnapshot = true;
        try {
          return await super.create(...options);
        } finally {
          this.#holdsSnapshot = false;
        }
      },
      storeSchema: async (leave) => {
        const entities = schemaGenerator.getTargetSchema();
        leave(entities);
        await super.storeCurrentSchema(entities);
      },
      log: (line) => this.#log(line),
      // MikroORM's logger makes one line of several.
      print: this.config.get('logger'),
    });
  }

  /** The names of the migrations that have not run, without the phases of column changes. */
  async #pendingOrdinary(): Promise<string[]> {
    const phases = (await this.#loadablePhases()).map(({ name }) => name);
    const applied = await (this.storage as MigrationLedger).appliedNames();
    const names = (await this.discoverMigrations()).map(({ name }) => name);
    return names.filter((name) => !applied.includes(name) && !phases.includes(name));
  }

  /** A comparison with a snapshot file needs no database. */
  async #openIfThere(): Promise<Session | undefined> {
    try {
      return await this.#openForCreate();
    } catch (error) {
      if (error instanceof DatabaseUnreachableError) return undefined;
      throw error;
    }
  }

  #openForCreate(): Promise<Session> {
    return withOwnSettings(
      () => Session.open(this.#connection, 'online-migration create'),
      this.config.get('onCreateConnection'),
    );
  }

  override async checkSchema(): Promise<boolean> {
    const isDifferent = await super.checkSchema();
    this.#reportLeftOut();
    return isDifferent;
  }

  /** Interrupts phases at this signal, for a caller that handles the signals of the process itself. */
  interruptAt(signal: AbortSignal): void {
    this.#signal = signal;
  }

  /** The migrations that are phases of column changes, in order. */
  async phaseMigrations(): Promise<PhaseMigration[]> {
    await this.init();
    return listPhases(await this.discoverMigrations(), (listed) => this.#onlineRunner.load(listed));
  }

  /** The changes of all phases among the migrations, each once. A file that cannot be loaded concerns `up` and `down` alone. */
  async declaredChanges(): Promise<ColumnChange[]> {
    const phases = await this.#loadablePhases();
    return [...new Map(phases.map(({ change, declared }) => [change, declared])).values()];
  }

  /** The phases whose files can be loaded. */
  async #loadablePhases(): Promise<PhaseMigration[]> {
    // Not `init`, which creates the ledger: a comparison only reads.
    await this.resolvePaths();
    return listPhases(await this.discoverMigrations(), (listed) =>
      this.#onlineRunner.load(listed).catch(() => undefined),
    );
  }

  /** Plans the migrations that have not run, and changes nothing. */
  async pendingPlans(): Promise<PendingMigration[]> {
    // Not `init`, which creates the ledger.
    await this.resolvePaths();
    const applied = await (this.storage as MigrationLedger).appliedNames();
    const discovered = await this.discoverMigrations();
    await using session = await withOwnSettings(
      () => Session.open(this.#connection, 'online-migration plan'),
      this.config.get('onCreateConnection'),
    );
    const plans: PendingMigration[] = [];
    const made = new MadeHere();
    for (const listed of discovered.filter(({ name }) => !applied.includes(name))) {
      const migration = await this.#onlineRunner.load(listed);
      plans.push({ migration: listed.name, ...(await planOf(migration, session, this.#ordinary, made)) });
      made.endMigration();
    }
    return plans;
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
      const migration = await this.#onlineRunner.load(migrations.find((other) => other.name === known)!);
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
        await refuseToUnlog(session, known, await this.#onlineRunner.load(found));
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
        const loaded = await this.#onlineRunner.load(migration);
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

  /** @param schema read from the database after a migration */
  protected override async storeCurrentSchema(schema?: DatabaseSchema): Promise<void> {
    if (this.#holdsSnapshot) return;
    if (schema !== undefined) await this.#schemaGenerator?.leaveChangesOut(schema);
    await super.storeCurrentSchema(schema);
  }

  protected override initServices(): void {
    super.initServices();
    commentStatements(this.generator, async (diff) => {
      if (!this.#comments) return { up: new Map(), down: new Map() };
      return readComments(() => this.#openForCreate(), diff, {
        isDecided: this.#answers !== 'as written',
        log: (line) => this.#log(line),
      });
    });
  }

  /** Connects, which the commands that only read do first. */
  protected override async init(): Promise<void> {
    await super.init().catch((error: unknown) => {
      throw namedConnectionError(this.#connection, error);
    });
  }

  protected override createRunner(): OnlineMigrationRunner {
    return new OnlineMigrationRunner(this.driver, this.options, this.config);
  }

  protected override createStorage(): MigrationLedger {
    return new MigrationLedger(this.driver, this.options);
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
      this.#onlineRunner.lend({
        ...resources,
        nameOf: (migration) => report.current() ?? migration.constructor.name,
      });
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
    using eventLog = logEvents((line) => this.#log(line));
    const emit = emitTo(eventLog.listen, ...this.#listeners);
    const connection = this.#connection;
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
      settings: this.#settings,
      ordinary: this.#ordinary,
      emit,
      nameOf: (migration) => migration.constructor.name,
      signal: AbortSignal.any([interrupt.signal, session.lost]),
    });
  }

  get #connection(): ClientConfig {
    return {
      ...this.driver.getConnection().getConnectionOptions(),
      // TLS and other settings that the URL's parts do not contain.
      ...this.config.get('driverOptions'),
    };
  }

  get #onlineRunner(): OnlineMigrationRunner {
    return this.runner as OnlineMigrationRunner;
  }

  /** Undefined if the project has registered another schema generator. */
  get #schemaGenerator(): OnlineSchemaGenerator | undefined {
    const generator = this.config.getExtension('@mikro-orm/schema-generator');
    return generator instanceof OnlineSchemaGenerator ? generator : undefined;
  }

  #reportLeftOut(): void {
    using eventLog = logEvents((line) => this.#log(line));
    const emit = emitTo(eventLog.listen, ...this.#listeners);
    for (const columns of this.#schemaGenerator?.leftOut ?? []) {
      emit({
        type: 'columns-left-out',
        columns,
        message: `the comparison leaves out ${columns}: a column change is under way, or mappings differ there`,
      });
    }
  }

  #log(line: string): void {
    this.config.getLogger().log('migrator', line, { enabled: true });
  }
}
