import { DatabaseError } from 'pg';
import type { Session } from '../../postgres/session.ts';

/** A column's part of an index. */
export interface ProbedIndex {
  readonly method: string;
  /** Schema and name, quoted; null if the column is only in `include`. */
  readonly operatorClass: string | null;
}

/** A change of a column's type. */
export interface TypeChange {
  /** Types as the catalog writes them. */
  readonly from: string;
  readonly to: string;
  /** The column's own collation, quoted; null for that of its type. */
  readonly collation: string | null;
  /** The time zone in which the statement runs. */
  readonly zone: string;
  readonly indexes: readonly ProbedIndex[];
}

/** The effect of `alter column … type` on a table and its indexes. */
export interface ProbeResult {
  /** Whether PostgreSQL keeps the rows as they are stored. */
  readonly keepsRows: boolean;
  /** The indexes that PostgreSQL builds again. */
  readonly rebuilt: readonly ProbedIndex[];
}

const TABLE = 'pg_temp.online_migration_probe';
/** SQLSTATE classes of a statement that PostgreSQL does not accept for these types. */
const NOT_POSSIBLE = /^(0A|42(?!501))/;

/**
 * Asks PostgreSQL whether it rewrites a table for another type of a column. It changes an empty temporary table in a
 * transaction, compares the files of the table and of its indexes, and rolls back.
 *
 * @throws DatabaseError if the role may not create temporary tables, or the server only reads
 */
export async function probeTypeChange(session: Session, change: TypeChange): Promise<ProbeResult> {
  const { from, to, collation, zone, indexes } = change;
  const collate = collation === null ? '' : ` collate ${collation}`;
  // A session may be read-only by default.
  await session.query('begin read write');
  try {
    await session.query(`select set_config('timezone', $1, true)`, [zone]);
    await session.query(
      `create temporary table online_migration_probe (value ${from}${collate}, other integer)`,
    );
    for (const [place, { method, operatorClass }] of indexes.entries()) {
      const columns = operatorClass === null ? '(other) include (value)' : `(value ${operatorClass})`;
      await session.query(
        `create index online_migration_probe_${place} on ${TABLE} using ${method} ${columns}`,
      );
    }
    const before = await readFiles(session);
    await session.query(`alter table ${TABLE} alter column value type ${to}${collate}`);
    const after = await readFiles(session);
    const isKept = (name: string) => before.get(name) === after.get(name);
    return {
      keepsRows: isKept('online_migration_probe'),
      rebuilt: indexes.filter((_, place) => !isKept(`online_migration_probe_${place}`)),
    };
  } catch (error) {
    if (error instanceof DatabaseError && NOT_POSSIBLE.test(error.code ?? '')) {
      return { keepsRows: false, rebuilt: indexes };
    }
    throw error;
  } finally {
    await session.query('rollback').catch(() => undefined);
  }
}

/** The files of the table and of its indexes, by the name of the relation. */
async function readFiles(session: Session): Promise<Map<string, string>> {
  const { rows } = await session.query<{ name: string; file: string }>(
    `
    select c.relname as name, pg_relation_filenode(c.oid)::text as file
    from pg_catalog.pg_class c
    where c.relnamespace = pg_my_temp_schema() and c.relname like 'online\\_migration\\_probe%'`,
  );
  return new Map(rows.map(({ name, file }) => [name, file]));
}
