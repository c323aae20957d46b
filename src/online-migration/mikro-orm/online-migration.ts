import { Migration } from '@mikro-orm/migrations';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { TableFill } from '../ordinary/fill/table-fill.ts';

/** A fill among the statements of a migration. Its place says when it runs. */
export class CollectedFill {
  readonly fill: TableFill;

  /** @param fill as its author has written it */
  constructor(fill: TableFill) {
    this.fill = fill;
  }
}

/**
 * A MikroORM migration that can fill a table in batches, besides all that any other migration can do:
 *
 *     export class Migration20260101 extends OnlineMigration {
 *       override async up(): Promise<void> {
 *         this.addSql(`alter table orders add total_cents bigint null`);
 *         await this.fill({ table: 'orders', set: { total_cents: 'round(total * 100)' }, where: 'total_cents is null' });
 *         this.addSql(`alter table orders alter total_cents set not null`);
 *       }
 *     }
 *
 * It needs `onlineMigrations()` in mikro-orm.config.ts.
 */
export abstract class OnlineMigration extends Migration {
  #isCollected = false;

  /**
   * Adds a fill behind the statements so far: an `update` of the rows that match, in batches, each in a short transaction of its own.
   * It runs after the statements before it and before those behind it. If it is interrupted, the same command continues it.
   *
   * @param fill the table, an SQL expression for each column to fill, and a condition that is false for a filled row
   * @throws OnlineMigrationError if the fill lacks a part, or if the migration does not run by safe steps
   */
  async fill(fill: TableFill): Promise<void> {
    requireParts(fill);
    if (!this.#isCollected) {
      throw new OnlineMigrationError(
        'FILL_NEEDS_STEPS',
        `${this.constructor.name} has a fill, which runs in transactions of its own, and the migration runs in one: spread ` +
          '`onlineMigrations()` into mikro-orm.config.ts; leave out `ordinary`, `this.execute()` and the EntityManager.',
        { migration: this.constructor.name },
      );
    }
    this.addSql(new CollectedFill(fill) as never);
  }

  /**
   * Called by the runner: collects the fills of `up` or `down`.
   * @param body calls it
   */
  async collectFills<T>(body: () => Promise<T>): Promise<T> {
    this.#isCollected = true;
    try {
      return await body();
    } finally {
      this.#isCollected = false;
    }
  }
}

function isText(part: unknown): boolean {
  return typeof part === 'string' && part.trim() !== '';
}

/** A migration in JavaScript is not checked by the compiler. */
function requireParts(fill: TableFill): void {
  const { table, set, where } = fill;
  const missing = [
    ...(isText(table) ? [] : ['`table`, its name']),
    ...(typeof set === 'object' &&
    set !== null &&
    Object.keys(set).length > 0 &&
    Object.values(set).every(isText)
      ? []
      : ['`set`, an SQL expression for each column']),
    ...(isText(where) ? [] : ['`where`, an SQL condition that is false for a filled row']),
  ];
  if (missing.length === 0) return;
  throw new OnlineMigrationError(
    'FILL_NOT_POSSIBLE',
    `A fill${isText(table) ? ` of ${table}` : ''} cannot be carried out: it lacks ${missing.join(', and ')}. Add it, then run the same command again.`,
    { table, missing },
  );
}
