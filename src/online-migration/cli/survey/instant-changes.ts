import { DatabaseError } from 'pg';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { Session } from '../../postgres/session.ts';
import { instantBlockers, readColumnIndexes } from '../../new-change/instant/instant-blockers.ts';
import {
  type ProbedIndex,
  probeTypeChange,
  type TypeChange,
} from '../../new-change/instant/type-change-probe.ts';

/**
 * Decides for many columns which changes PostgreSQL makes at once. It asks PostgreSQL once for each two types and kind of
 * index, because each question writes to the catalog and rolls back.
 */
export class InstantChanges {
  readonly #session: Session;
  readonly #database: Queryable;
  readonly #answers = new Map<string, boolean>();

  /**
   * @param session asks about types
   * @param database reads the catalog
   */
  constructor(session: Session, database: Queryable) {
    this.#session = session;
    this.#database = database;
  }

  /** @param collation the column's own, quoted; null if it has that of its type */
  async has(change: ChangedColumn, collation: string | null): Promise<boolean> {
    const types = { from: change.oldColumn.type, to: change.newColumn.type, collation, zone: 'UTC' };
    // Most pairs of types need a rewrite, whatever depends on the column.
    if (!(await this.#keeps({ ...types, indexes: [] }))) return false;
    const indexes = await readColumnIndexes(this.#database, change);
    if (indexes.some(({ isAlwaysRebuilt }) => isAlwaysRebuilt)) return false;
    for (const { method, operatorClass } of indexes) {
      const index: ProbedIndex = { method, operatorClass };
      if (!(await this.#keeps({ ...types, indexes: [index] }))) return false;
    }
    return (await instantBlockers(this.#database, change)).length === 0;
  }

  /** Whether rows and indexes stay as they are; false if PostgreSQL cannot be asked, as on a replica. */
  async #keeps(change: TypeChange): Promise<boolean> {
    const key = JSON.stringify(change);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = await probeTypeChange(this.#session, change).then(
      ({ keepsRows, rebuilt }) => keepsRows && rebuilt.length === 0,
      (error: unknown) => {
        if (error instanceof DatabaseError) return false;
        throw error;
      },
    );
    this.#answers.set(key, answer);
    return answer;
  }
}
