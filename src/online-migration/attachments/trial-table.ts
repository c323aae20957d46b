import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { changedColumnsOf } from '../change/changed-column.ts';
import { changeNamesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { rolledBack } from '../postgres/rolled-back.ts';
import { freeTemporaryNames } from '../postgres/temporary-names.ts';
import type { Side } from '../sync/filled-column.ts';
import { asTrialRole } from './trial-role.ts';

/*
 * A trial table answers two questions about the definition of an index or a check: whether PostgreSQL accepts it for
 * the other type, and how it reads with the other column's name. PostgreSQL's own parser answers both.
 *
 * 1. In a transaction that is rolled back: create a temporary table with the columns of the real one, and without its
 *    rows. It reads no row, and it takes ACCESS SHARE on the real table.
 * 2. Try the definitions as they are in the catalog. This is the comparison for the next step.
 * 3. Replace both columns of each pair by one that has the first one's name and the other one's type. Try them again.
 * 4. Give this column the other one's name, and read the definitions from the catalog.
 */

/** The temporary table of one trial. */
export interface Trial {
  /** Schema and name, quoted. It has the name of the real table, by which a subquery can call it. */
  readonly table: string;
  /** Replaces the two columns of each pair by one with the name of the first and the type of the other. */
  readonly convert: () => Promise<void>;
  /** Gives these columns the names of the others. */
  readonly rename: () => Promise<void>;
  /** Runs statements as the session's role. All others run as the table's owner, if the session may act for it. */
  readonly asSession: <T>(statements: () => Promise<T>) => Promise<T>;
}

/**
 * Creates a trial table, and drops it at the end.
 * @param database one connection, not a pool; the role of the trial needs TEMPORARY on the database
 * @param from the side that has the definitions
 * @param body tries and reads definitions
 */
export async function onTrialTable<T>(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  body: (trial: Trial) => Promise<T>,
): Promise<T> {
  const { table } = changeNamesOf(change);
  const pairs = changedColumnsOf(change).map(({ oldColumn, newColumn }) => {
    const [leaving, staying] = from === 'old' ? [oldColumn, newColumn] : [newColumn, oldColumn];
    return {
      source: escapeIdentifier(leaving.name),
      target: escapeIdentifier(staying.name),
      type: staying.type,
    };
  });
  const trial = `pg_temp.${escapeIdentifier(change.table.name)}`;
  const tryAll = async (asSession: Trial['asSession']) => {
    await database.query(`create temporary table ${escapeIdentifier(change.table.name)} (like ${table})`);
    return body({
      table: trial,
      asSession,
      convert: async () => {
        const actions = pairs.flatMap(({ source, target, type }) => [
          `drop column if exists ${source}`,
          `drop column if exists ${target}`,
          `add column ${source} ${type}`,
        ]);
        await database.query(`alter table ${trial} ${actions.join(', ')}`);
      },
      rename: async () => {
        for (const { source, target } of pairs) {
          await database.query(`alter table ${trial} rename column ${source} to ${target}`);
        }
      },
    });
  };
  return rolledBack(database, async () => {
    await freeTemporaryNames(database, [change.table.name]);
    return asTrialRole(database, change, tryAll);
  });
}
