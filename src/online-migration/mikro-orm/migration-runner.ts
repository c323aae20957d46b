import type { Transaction } from '@mikro-orm/core';
import { type Migration, MigrationRunner } from '@mikro-orm/migrations';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { ColumnMigration } from './column-migration.ts';
import { namedLoss } from './mikro-orm-command.ts';
import type { RunnerResources } from './runner-resources.ts';
import { unwatched } from './watched-statements.ts';

/**
 * Runs phases on the session that holds the migrator's lock, and every other migration by safe steps. One that sends statements
 * itself while it runs, by `execute` or an EntityManager, runs as MikroORM runs it; each statement is looked at before it is sent.
 */
export class OnlineMigrationRunner extends MigrationRunner {
  #resources: RunnerResources | undefined;
  #loaded: ((migration: Migration) => void) | undefined;

  /** Sets the inputs of phases; undefined removes them. */
  lend(resources: RunnerResources | undefined): void {
    this.#resources = resources;
  }

  /**
   * Loads a migration without running it.
   * @param migration as MikroORM has discovered it
   */
  async load(migration: { readonly up: () => unknown }): Promise<Migration> {
    const loaded = Promise.withResolvers<Migration>();
    this.#loaded = loaded.resolve;
    try {
      await migration.up();
      return await loaded.promise;
    } finally {
      this.#loaded = undefined;
    }
  }

  /**
   * @param afterRun writes the ledger; a phase calls it inside its last transaction
   * @throws OnlineMigrationError if a phase ended without writing the ledger
   */
  override async run(
    migration: Migration,
    method: 'up' | 'down',
    afterRun?: (tx?: Transaction) => Promise<void>,
  ): Promise<void> {
    if (this.#loaded !== undefined) return this.#loaded(migration);
    this.#resources?.signal.throwIfAborted();
    if (this.#resources === undefined) return super.run(migration, method, afterRun);
    if (!(migration instanceof ColumnMigration)) {
      return this.#runOrdinary(migration, method, this.#resources, afterRun).catch((error: unknown) => {
        throw namedLoss(error);
      });
    }
    const { session, openSession, settings, emit, signal } = this.#resources;
    await session.setApplicationName(`online-migration ${migration.constructor.name} ${method}`);
    let recorded = false;
    migration.begin({
      session,
      openSession,
      settings,
      emit,
      signal,
      ledger: 'mikro-orm',
      recordInLedger: async () => {
        await afterRun?.(session);
        recorded = true;
      },
    });
    await migration[method]();
    if (recorded) return;
    throw new OnlineMigrationError(
      'LEDGER_NOT_WRITTEN',
      `${migration.constructor.name} did not write the ledger in its last transaction.`,
      { migration: migration.constructor.name, method },
    );
  }

  async #runOrdinary(
    migration: Migration,
    method: 'up' | 'down',
    resources: RunnerResources,
    afterRun?: (tx?: Transaction) => Promise<void>,
  ): Promise<void> {
    if (resources.ordinary === 'off') return super.run(migration, method, afterRun);
    // A phase does without the rules of ordinary migrations.
    const { collectStatements, isAsWritten, runSafely, runWatched } = await import('./ordinary-migration.ts');
    if (isAsWritten(migration)) return super.run(migration, method, afterRun);
    const statements = await collectStatements(migration, method);
    if (statements === null) {
      return runWatched(migration, resources, (watched, whenSent) =>
        super.run(watched, method, async (transaction) => {
          whenSent();
          await unwatched(async () => afterRun?.(transaction));
        }),
      );
    }
    await runSafely(migration, method, statements, resources, async (session) => afterRun?.(session));
  }
}
