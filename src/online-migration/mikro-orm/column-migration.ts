import { Migration } from '@mikro-orm/migrations';
import { changedColumnOf } from '../change/changed-column.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { MoveContext } from '../phases/phase.ts';

/** What the runner lends to a migration while it runs. */
export type MigrationRun = Omit<MoveContext, 'change'>;

/**
 * A migration that is one move of a column change. It manages its own transactions, so MikroORM must not open one.
 */
export abstract class OnlineMigration extends Migration {
  #run: MigrationRun | undefined;

  override isTransactional(): boolean {
    return false;
  }

  /** Called by the runner before `up` or `down`. */
  begin(run: MigrationRun): void {
    this.#run = run;
  }

  /**
   * Carries a move out.
   * @param move the move, or its way back
   * @param change the change that it belongs to
   * @throws OnlineMigrationError if it is not run by the `OnlineMigrator`
   */
  protected async carryOut(
    move: (context: MoveContext) => Promise<void>,
    change: ColumnChange,
  ): Promise<void> {
    if (this.#run === undefined) {
      throw new OnlineMigrationError(
        'MIGRATOR_NOT_REGISTERED',
        `${this.constructor.name} needs the OnlineMigrator: register it in mikro-orm.config.ts under \`extensions\`.`,
        { migration: this.constructor.name },
      );
    }
    await move({ ...this.#run, change: changedColumnOf(change) });
  }
}
