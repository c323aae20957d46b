import { Migration } from '@mikro-orm/migrations';
import { changedColumnsOf } from '../change/changed-column.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { PhaseContext } from '../phases/phase.ts';
import type { Phase } from '../phases/phases.ts';

/** Inputs that the runner gives to a migration while it runs. */
export type MigrationRun = Omit<PhaseContext, 'change' | 'columns'>;

/**
 * A migration that is one phase of a column change. A file of it names the change and the phase:
 *
 *     export class ExpandOrdersTotal extends ColumnMigration {
 *       override readonly change = ordersTotalChange;
 *       override readonly phase = phases.expand;
 *     }
 *
 * It manages its own transactions, so MikroORM must not open one.
 */
export abstract class ColumnMigration extends Migration {
  abstract readonly change: ColumnChange;
  abstract readonly phase: Phase;
  #run: MigrationRun | undefined;

  override isTransactional(): boolean {
    return false;
  }

  /** Called by the runner before `up` or `down`. */
  begin(run: MigrationRun): void {
    this.#run = run;
  }

  /** @throws OnlineMigrationError if it is not run by the `OnlineMigrator` */
  override async up(): Promise<void> {
    await this.phase.up(this.#context());
  }

  /** @throws OnlineMigrationError if it is not run by the `OnlineMigrator` */
  override async down(): Promise<void> {
    await this.phase.down(this.#context());
  }

  #context(): PhaseContext {
    if (this.#run === undefined) {
      throw new OnlineMigrationError(
        'MIGRATOR_NOT_REGISTERED',
        `${this.constructor.name} needs the OnlineMigrator: spread \`onlineMigrations()\` into mikro-orm.config.ts.`,
        { migration: this.constructor.name },
      );
    }
    return { ...this.#run, change: this.change, columns: changedColumnsOf(this.change) };
  }
}
