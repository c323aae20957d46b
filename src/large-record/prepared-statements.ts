import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Pool, QueryResult } from 'pg';

/** Hash length in the statement's name. Collisions are practically impossible. */
const NAME_CHARACTERS = 20;

/**
 * SQLSTATEs of a missing prepared statement, or of one whose name is taken.
 * They occur behind a pooler that switches server sessions. The statement has not run.
 */
const NOT_KEPT_CODES = new Set(['26000', '42P05']);

/**
 * A statement that each connection prepares once. The server then parses it only once, which is much of the work of a
 * short read.
 */
export interface PreparedStatement {
  readonly name: string;
  /** Contains `$1`, `$2`, … for the values. */
  readonly text: string;
}

/**
 * @param sql contains `?` for each value, and nowhere else
 * @returns the statement; its name is derived from its text, so two texts never share a name
 */
export function preparedStatement(sql: string): PreparedStatement {
  let values = 0;
  const text = sql.replaceAll('?', () => `$${(values += 1)}`);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, NAME_CHARACTERS);
  return { name: `large_record_${hash}`, text };
}

/** Runs prepared statements on the ORM's pool. If a pooler does not keep them, it sends plain statements instead. */
export class StatementRunner {
  readonly #pool: Promise<Pool>;
  #areKept = true;

  /** @param em an entity manager of the ORM that owns the pool */
  constructor(em: EntityManager) {
    this.#pool = em.getConnection().getNativeClient();
    // The first statement reports this error.
    this.#pool.catch(() => undefined);
  }

  /**
   * @param values in the order of the statement's placeholders
   * @throws the database's error, unchanged
   */
  async run<Row extends object>(statement: PreparedStatement, values: unknown[]): Promise<QueryResult<Row>> {
    const pool = await this.#pool;
    // Not `pool.query`: it discards the connection after every failed statement.
    const client = await pool.connect();
    try {
      if (!this.#areKept) return await client.query<Row>(statement.text, values);
      try {
        return await client.query<Row>({ ...statement, values });
      } catch (error) {
        if (!isNotKept(error)) throw error;
        this.#areKept = false;
        return await client.query<Row>(statement.text, values);
      }
    } finally {
      client.release();
    }
  }
}

function isNotKept(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NOT_KEPT_CODES.has(String(error.code));
}
