import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client, Pool } from 'pg';
import {
  isConnectionLost,
  isTransient,
  mayHaveBeenDone,
} from '../../../src/online-migration/postgres/database-error.ts';
import { assertTakesWrites } from '../../../src/database/writable-server.ts';
import { startHangingProxy } from '../../support/hanging-proxy.ts';
import { terminateSession } from '../../support/lock-waits.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-server.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => database[Symbol.asyncDispose]());

/** The reason of a rejected promise. */
const failureOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => Promise.reject(new Error('It did not fail.')),
    (error: Error) => error,
  );

async function withClient<T>(use: (client: Client) => Promise<T>, options = {}): Promise<T> {
  const client = new Client({ connectionString: database.url, ...options });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    void client.end();
  }
}

const pidOf = async (client: Client) =>
  (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid;

/** An error as a library throws it that wraps those of the driver. */
const wrapped = (cause: Error) => new Error('Failed query', { cause });

/** Ways in which a statement certainly has not been done. */
const NOT_DONE: Readonly<Record<string, () => Promise<Error>>> = {
  'no server listens': () =>
    failureOf(new Client({ connectionString: 'postgres://someone@127.0.0.1:9/none' }).connect()),
  'the server does not accept the connection in time': async () => {
    await using proxy = await startHangingProxy(database.url);
    proxy.hang();
    const pool = new Pool({ connectionString: proxy.url, connectionTimeoutMillis: 100 });
    const failure = await failureOf(pool.query('select 1'));
    await pool.end();
    return failure;
  },
  'all connections of the pool are taken': async () => {
    const pool = new Pool({ connectionString: database.url, max: 1 });
    const taken = await pool.connect();
    pool.options.connectionTimeoutMillis = 100;
    const failure = await failureOf(pool.query('select 1'));
    taken.release();
    await pool.end();
    return failure;
  },
  'the client has been closed': async () => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.end();
    return failureOf(client.query('select 1'));
  },
  'the server takes no writes': () =>
    withClient(async (client) => {
      await client.query('set default_transaction_read_only = on');
      return failureOf(assertTakesWrites(client));
    }),
  'the write fails on a server that takes none': () =>
    withClient(async (client) => {
      await client.query('set default_transaction_read_only = on');
      return failureOf(client.query('create table t ()'));
    }),
  'the server has ended the statement': () =>
    withClient((client) => failureOf(client.query('select pg_sleep(60)')), { statement_timeout: 50 }),
};

/** Ways in which nobody knows. */
const UNKNOWN: Readonly<Record<string, () => Promise<Error>>> = {
  'the session is ended by an administrator': () =>
    withClient(async (client) => {
      const pid = await pidOf(client);
      const failure = failureOf(client.query('select pg_sleep(60)'));
      await terminateSession(pid);
      return failure;
    }),
  'the connection is cut': async () => {
    const proxy = await startHangingProxy(database.url);
    const client = new Client({ connectionString: proxy.url });
    client.on('error', () => undefined);
    await client.connect();
    const failure = failureOf(client.query('select pg_sleep(1)'));
    await proxy[Symbol.asyncDispose]();
    return failure;
  },
  'the server falls silent': async () => {
    await using proxy = await startHangingProxy(database.url);
    const client = new Client({ connectionString: proxy.url, query_timeout: 100 });
    client.on('error', () => undefined);
    await client.connect();
    proxy.hang();
    const failure = await failureOf(client.query('select 1'));
    void client.end();
    return failure;
  },
};

it.each(Object.keys(NOT_DONE))('nothing has been done where %s', async (way) => {
  const failure = await NOT_DONE[way]!();
  for (const error of [failure, wrapped(failure)]) {
    expect(isTransient(error)).toBe(true);
    expect(mayHaveBeenDone(error)).toBe(false);
  }
});

it.each(Object.keys(UNKNOWN))('the statement may have been done where %s', async (way) => {
  const failure = await UNKNOWN[way]!();
  for (const error of [failure, wrapped(failure)]) {
    expect(isTransient(error)).toBe(true);
    expect(mayHaveBeenDone(error)).toBe(true);
  }
});

/** An error as `pg` passes it on from a server whose messages are not English. */
const translated = (severity: string, code: string) => Object.assign(new Error('…'), { severity, code });

it('reads the SQLSTATE, because the severity is in the server’s language', () => {
  const ended = translated('ВАЖНО', '57P01');
  expect([isConnectionLost(ended), isTransient(ended), mayHaveBeenDone(ended)]).toEqual([true, true, true]);
  for (const code of ['23505', '22012', '57014']) {
    const refused = translated('FEHLER', code);
    expect([isConnectionLost(refused), mayHaveBeenDone(refused)]).toEqual([false, false]);
  }
});

it('a statement in an aborted transaction will not succeed later', () => {
  expect(isTransient(translated('ERROR', '25P02'))).toBe(false);
  expect(isTransient(translated('FATAL', '25P03'))).toBe(true);
});
