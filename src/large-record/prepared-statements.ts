import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Pool, QueryResult } from 'pg';

/** As much of a hash as makes two texts of one name unthinkable. */
const NAME_CHARACTERS = 20;

/**
 * SQLSTATEs of a prepared statement that another session has, or that this one has not any more: a pooler is between
 * that hands sessions on without them. Nothing has been done then.
 */
const NOT_KEPT_CODES = new Set(['26000', '42P05']);

/** A statement that each connection prepares once: the server then parses it once, a good part of its work on a short read. */
export interface PreparedStatement {
  readonly name: string;
  /** With `$1`, `$2`, … for the values. */
  readonly text: string;
}

/**
 * @param sql with `?` for each value, and nowhere else
 * @returns the statement; its name follows from its text, so that one name never means two texts
 */
export function preparedStatement(sql: string): PreparedStatement {
  let values = 0;
  const text = sql.replaceAll('?', () => `$${(values += 1)}`);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, NAME_CHARACTERS);
  return { name: `large_record_${hash}`, text };
}

/** Runs prepared statements on the ORM's pool; without preparing them, where a pooler between does not keep them. */
export class StatementRunner {
  readonly #pool: Promise<Pool>;
  #areKept = true;

  /** @param em of the ORM whose pool it is */
  constructor(em: EntityManager) {
    this.#pool = em.getConnection().getNativeClient();
    // Whoever runs the first statement is told.
    this.#pool.catch(() => undefined);
  }

  /**
   * @param values in the order of the statement's
   * @throws the database's error, as it came
   */
  async run<Row extends object>(statement: PreparedStatement, values: unknown[]): Promise<QueryResult<Row>> {
    const pool = await this.#pool;
    // Not `pool.query`, which throws a connection away for every error of a statement.
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
