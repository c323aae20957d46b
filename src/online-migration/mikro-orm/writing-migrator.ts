import type { MigrationResult, Migrator } from '@mikro-orm/migrations';
import type { DatabaseSchema } from '@mikro-orm/postgresql';
import { emitTo } from '../change/emitter.ts';
import { logEvents } from '../observation/event-log.ts';
import { DatabaseUnreachableError } from '../postgres/open-client.ts';
import type { Session } from '../postgres/session.ts';
import { commentStatements } from './commented-statements.ts';
import { OnlineSchemaGenerator } from './comparison/online-schema-generator.ts';
import { type Answers, NO_ANSWERS } from './creation/questions/answers.ts';
import { terminalOf } from './creation/questions/ask-in-terminal.ts';
import type { Naming } from './creation/ordinary-name.ts';
import type { Ask } from './creation/questions/questions.ts';
import { isMikroOrmCommand } from './mikro-orm-command.ts';
import type { MigrationLedger } from './migration-ledger.ts';
import { ReadingMigrator } from './reading-migrator.ts';

/** The part of the migrator that compares entities and database, and writes new migrations. */
export class WritingMigrator extends ReadingMigrator {
  #comments = false;
  #answers: Answers | 'as written' = NO_ANSWERS;
  #ask: Ask | undefined;
  /** While the files of a new migration are not all written. */
  #holdsSnapshot = false;

  /**
   * Also reports columns that the comparison has left out, because a new index on them would be missing without a
   * reason.
   */
  override async create(...options: Parameters<Migrator['create']>): Promise<MigrationResult> {
    const [path, isBlank = false, isInitial = false, name] = options;
    this.#comments = this.ordinary !== 'off' && !isInitial;
    const schemaGenerator = this.schemaGenerator;
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

  override async checkSchema(): Promise<boolean> {
    const isDifferent = await super.checkSchema();
    this.#reportLeftOut();
    return isDifferent;
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
      log: (line) => this.logLine(line),
      // MikroORM's logger makes one line of several.
      print: this.config.get('logger'),
    });
  }

  /** The names of the migrations that have not run, without the phases of column changes. */
  async #pendingOrdinary(): Promise<string[]> {
    const phases = (await this.loadablePhases()).map(({ name }) => name);
    const applied = await (this.storage as MigrationLedger).appliedNames();
    const names = (await this.discoverMigrations()).map(({ name }) => name);
    return names.filter((name) => !applied.includes(name) && !phases.includes(name));
  }

  /** A comparison with a snapshot file needs no database. */
  async #openIfThere(): Promise<Session | undefined> {
    try {
      return await this.openSession('create');
    } catch (error) {
      if (error instanceof DatabaseUnreachableError) return undefined;
      throw error;
    }
  }

  /** @param schema read from the database after a migration */
  protected override async storeCurrentSchema(schema?: DatabaseSchema): Promise<void> {
    if (this.#holdsSnapshot) return;
    if (schema !== undefined) await this.schemaGenerator?.leaveChangesOut(schema);
    await super.storeCurrentSchema(schema);
  }

  protected override initServices(): void {
    super.initServices();
    commentStatements(this.generator, async (diff) => {
      if (!this.#comments) return { up: new Map(), down: new Map() };
      const { readComments } = await import('./statement-comments.ts');
      return readComments(() => this.openSession('create'), diff, {
        isDecided: this.#answers !== 'as written',
        log: (line) => this.logLine(line),
      });
    });
  }

  /** Undefined if the project has registered another schema generator. */
  protected get schemaGenerator(): OnlineSchemaGenerator | undefined {
    const generator = this.config.getExtension('@mikro-orm/schema-generator');
    return generator instanceof OnlineSchemaGenerator ? generator : undefined;
  }

  #reportLeftOut(): void {
    using eventLog = logEvents((line) => this.logLine(line));
    const emit = emitTo(eventLog.listen, ...this.listeners);
    for (const columns of this.schemaGenerator?.leftOut ?? []) {
      emit({
        type: 'columns-left-out',
        columns,
        message: `the comparison leaves out ${columns}: a column change is under way, or mappings differ there`,
      });
    }
  }
}
