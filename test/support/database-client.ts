import { Client, type QueryResultRow } from 'pg';
import type { Queryable } from '../../src/online-migration/postgres/queryable.ts';

/** A connection of a test. */
export interface DatabaseClient extends Queryable, AsyncDisposable {
  readonly pid: number;
  /** Runs a statement; returns its rows. */
  rows<Row extends QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Runs a statement; returns the only column of its only row. */
  value<Value>(sql: string, values?: unknown[]): Promise<Value>;
}

/**
 * The name of a session that polls progress without a pause. The backfill takes it for a session of the package. If it
 * looked like a session of the application, the backfill would yield to it and take several times as long.
 */
export const WATCHER_NAME = 'online-migration test';

/** Connects to a database. */
export async function connect(url: string, applicationName = 'test'): Promise<DatabaseClient> {
  const client = new Client({ connectionString: url, application_name: applicationName });
  client.on('error', () => undefined);
  await client.connect();
  const rows = async <Row extends QueryResultRow>(sql: string, values?: unknown[]) =>
    (await client.query<Row>(sql, values)).rows;
  const value = async <Value>(sql: string, values?: unknown[]) =>
    Object.values((await rows(sql, values))[0] ?? {})[0] as Value;
  return {
    query: async <Row>(sql: string, values?: unknown[]) => {
      const result = await client.query(sql, values);
      return { rows: result.rows as Row[], rowCount: result.rowCount, fields: result.fields };
    },
    pid: await value<number>(`select pg_backend_pid()`),
    rows,
    value,
    [Symbol.asyncDispose]: () => client.end().catch(() => undefined),
  };
}
