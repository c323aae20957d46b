import { Migration } from '@mikro-orm/migrations';
import { type ChangedColumn, changedColumnOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { MoveContext } from '../phases/phase.ts';

/** What the runner lends to a migration while it runs. */
export type MigrationRun = Omit<MoveContext, 'change'>;

/** A phase, or its way back. */
export type Move = (context: MoveContext) => Promise<void>;

/** What a migration carries out. */
export interface CarriedOut {
  readonly move: Move;
  readonly change: ChangedColumn;
}

/** Ends a migration that is only inspected before it reaches the database. */
class InspectionEnd extends Error {}

/**
 * A migration that is one move of a column change. It manages its own transactions, so MikroORM must not open one.
 */
export abstract class OnlineMigration extends Migration {
  #run: MigrationRun | undefined;
  #inspected: CarriedOut[] | undefined;

  override isTransactional(): boolean {
    return false;
  }

  /** Called by the runner before `up` or `down`. */
  begin(run: MigrationRun): void {
    this.#run = run;
  }

  /** Tells what `up` carries out, without carrying it out. */
  async inspect(): Promise<readonly CarriedOut[]> {
    const inspected: CarriedOut[] = [];
    this.#inspected = inspected;
    try {
      await this.up();
    } catch (error) {
      if (!(error instanceof InspectionEnd)) throw error;
    } finally {
      this.#inspected = undefined;
    }
    return inspected;
  }

  override async execute(...statement: Parameters<Migration['execute']>) {
    if (this.#inspected !== undefined) throw new InspectionEnd();
    return super.execute(...statement);
  }

  override getEntityManager() {
    if (this.#inspected !== undefined) throw new InspectionEnd();
    return super.getEntityManager();
  }

  /**
   * Carries a move out.
   * @param move the move, or its way back
   * @param change the change that it belongs to
   * @throws Error if it is not run by the `OnlineMigrator`
   */
  protected async carryOut(move: Move, change: ColumnChange): Promise<void> {
    if (this.#inspected !== undefined) {
      this.#inspected.push({ move, change: changedColumnOf(change) });
      return;
    }
    if (this.#run === undefined) {
      throw new Error(
        `${this.constructor.name} needs the OnlineMigrator: register it in mikro-orm.config.ts under \`extensions\`.`,
      );
    }
    await move({ ...this.#run, change: changedColumnOf(change) });
  }
}
