import type { Transaction } from '@mikro-orm/core';
import { type Migration, MigrationRunner } from '@mikro-orm/migrations';
import type { ClientConfig } from 'pg';
import type { MigrationSettings } from '../migration-settings.ts';
import { Session } from '../session.ts';
import { OnlineMigration } from './online-migration.ts';

/** What the migrator lends to its runner for one command. */
export interface RunnerResources {
  readonly connection: ClientConfig;
  readonly settings: MigrationSettings;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Runs moves on a session of their own, and every other migration as MikroORM does. */
export class OnlineMigrationRunner extends MigrationRunner {
  #resources: RunnerResources | undefined;

  /** Lends what moves need, until it is taken back with undefined. */
  lend(resources: RunnerResources | undefined): void {
    this.#resources = resources;
  }

  /**
   * @param afterRun writes the ledger; a move calls it inside its last transaction
   * @throws Error where a move ended without having written the ledger
   */
  override async run(
    migration: Migration,
    method: 'up' | 'down',
    afterRun?: (tx?: Transaction) => Promise<void>,
  ): Promise<void> {
    if (!(migration instanceof OnlineMigration) || this.#resources === undefined) {
      return super.run(migration, method, afterRun);
    }
    const { connection, settings, log, signal } = this.#resources;
    signal.throwIfAborted();
    const name = `online-migration ${migration.constructor.name} ${method}`;
    const openSession = () => Session.open(connection, name);
    await using session = await openSession();
    let recorded = false;
    migration.begin({
      session,
      openSession,
      settings,
      log,
      signal,
      recordInLedger: async () => {
        await afterRun?.(session);
        recorded = true;
      },
    });
    await migration[method]();
    if (!recorded)
      throw new Error(`${migration.constructor.name} did not write the ledger in its last transaction.`);
  }
}
