import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { applicationConnections } from '../../src/database/application-connections.ts';
import { connect } from '../support/database-client.ts';
import { describeWithPgBouncer, startPgBouncer } from '../support/pgbouncer.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-server.ts';

const LIMIT_MS = 12_345;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => database[Symbol.asyncDispose]());

/** Result of a query on a connection of the pool. */
async function poolAnswers(url: string, sql: string): Promise<unknown> {
  const pool = new Pool(applicationConnections({ requests: [url] }, LIMIT_MS).pool);
  try {
    return (await pool.query(sql)).rows[0];
  } finally {
    await pool.end();
  }
}

it('the server ends a pool statement shortly after the time limit of its request', async () => {
  expect(await poolAnswers(database.url, 'show statement_timeout')).toEqual({
    statement_timeout: `${LIMIT_MS + 100}ms`,
  });
});

it('if requests use a pooler, sessions take turns over their own servers', () => {
  const connections = applicationConnections(
    { requests: ['postgresql://pooler'], sessions: ['postgresql://first', 'postgresql://second'] },
    LIMIT_MS,
  );
  const urls = Array.from({ length: 3 }, () => connections.session().connectionString);
  expect(urls).toEqual(['postgresql://first', 'postgresql://second', 'postgresql://first']);
});

describeWithPgBouncer('through PgBouncer in transaction mode', () => {
  it('the pool leaves no timeout on a shared session', async () => {
    await using pooler = await startPgBouncer(database.url, { mode: 'transaction', sessions: 1 });
    await using other = await connect(pooler.url);
    const session = await other.value(`select pg_backend_pid()`);
    expect(await poolAnswers(pooler.url, 'select pg_backend_pid() as session')).toEqual({ session });
    expect(await other.rows('show statement_timeout')).toEqual([{ statement_timeout: '0' }]);
  });
});
