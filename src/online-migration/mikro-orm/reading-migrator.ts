import { Migrator } from '@mikro-orm/migrations';
import type { ClientConfig } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import type { OnlineMigrationListener } from '../change/events.ts';
import { settingsOf } from '../phases/settings.ts';
import { Session } from '../postgres/session.ts';
import { namedConnectionError } from './mikro-orm-command.ts';
import { MigrationLedger } from './migration-ledger.ts';
import { OnlineMigrationRunner } from './migration-runner.ts';
import { withOwnSettings } from './own-settings.ts';
import type { PendingMigration } from './pending-migration.ts';
import { listPhases, type PhaseMigration } from './phase-list.ts';
import type { OrdinaryMode } from './runner-resources.ts';

/** MikroORM's migrator with the package's runner and ledger. It reads the migrations of a project, and changes nothing. */
export class ReadingMigrator extends Migrator {
  protected settings = settingsOf();
  protected listeners: readonly OnlineMigrationListener[] = [];
  protected ordinary: OrdinaryMode = 'safe';

  /** The migrations that are phases of column changes, in order. */
  async phaseMigrations(): Promise<PhaseMigration[]> {
    await this.init();
    return listPhases(await this.discoverMigrations(), (listed) => this.onlineRunner.load(listed));
  }

  /** The changes of all phases among the migrations, each once. A file that cannot be loaded concerns `up` and `down` alone. */
  async declaredChanges(): Promise<ColumnChange[]> {
    const phases = await this.loadablePhases();
    return [...new Map(phases.map(({ change, declared }) => [change, declared])).values()];
  }

  /** The phases whose files can be loaded. */
  protected async loadablePhases(): Promise<PhaseMigration[]> {
    // Not `init`, which creates the ledger: a comparison only reads.
    await this.resolvePaths();
    return listPhases(await this.discoverMigrations(), (listed) =>
      this.onlineRunner.load(listed).catch(() => undefined),
    );
  }

  /** Plans the migrations that have not run, and changes nothing. */
  async pendingPlans(): Promise<PendingMigration[]> {
    const [{ MadeHere }, { planOf }] = await Promise.all([
      import('../ordinary/planning/made-here.ts'),
      import('./pending-migration.ts'),
    ]);
    // Not `init`, which creates the ledger.
    await this.resolvePaths();
    const applied = await (this.storage as MigrationLedger).appliedNames();
    const discovered = await this.discoverMigrations();
    await using session = await this.openSession('plan');
    const plans: PendingMigration[] = [];
    const made = new MadeHere();
    for (const listed of discovered.filter(({ name }) => !applied.includes(name))) {
      const migration = await this.onlineRunner.load(listed);
      plans.push({ migration: listed.name, ...(await planOf(migration, session, this.ordinary, made)) });
      made.endMigration();
    }
    return plans;
  }

  /** Connects, which the commands that only read do first. */
  protected override async init(): Promise<void> {
    await super.init().catch((error: unknown) => {
      throw namedConnectionError(this.connection, error);
    });
  }

  protected override createRunner(): OnlineMigrationRunner {
    return new OnlineMigrationRunner(this.driver, this.options, this.config);
  }

  protected override createStorage(): MigrationLedger {
    return new MigrationLedger(this.driver, this.options);
  }

  protected get connection(): ClientConfig {
    return {
      ...this.driver.getConnection().getConnectionOptions(),
      // TLS and other settings that the URL's parts do not contain.
      ...this.config.get('driverOptions'),
    };
  }

  protected get onlineRunner(): OnlineMigrationRunner {
    return this.runner as OnlineMigrationRunner;
  }

  /** A session with the settings of the project's own connections. */
  protected openSession(purpose: string): Promise<Session> {
    return withOwnSettings(
      () => Session.open(this.connection, `online-migration ${purpose}`),
      this.config.get('onCreateConnection'),
    );
  }

  protected logLine(line: string): void {
    this.config.getLogger().log('migrator', line, { enabled: true });
  }
}
