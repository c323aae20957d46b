import { AsyncLocalStorage } from 'node:async_hooks';
import { isRaw, raw } from '@mikro-orm/core';
import type { AbstractSqlConnection, AbstractSqlPlatform } from '@mikro-orm/postgresql';

/** The parts of a transaction of MikroORM, which is one of Kysely, that the package uses. */
export interface SqlTransaction {
  /** @param query as Kysely compiles it */
  executeQuery(query: never): Promise<{ rows: unknown[]; numAffectedRows?: bigint }>;
}

/**
 * Receives a statement that a migration sends while it runs, and decides on it.
 * @param sql with its parameters as literals
 * @param transaction the one that it was meant for; undefined for none
 * @param send sends it, in this or another transaction
 */
export type Receiver = <T>(
  sql: string,
  transaction: SqlTransaction | undefined,
  send: (transaction: SqlTransaction | undefined) => Promise<T>,
) => Promise<T>;

/** The receiver of the migration that runs here. Queries of the application, beside it, have none. */
const RECEIVER = new AsyncLocalStorage<Receiver>();

/**
 * Runs a migration whose statements go to a receiver: those of `execute`, of the driver and of an EntityManager. A query that is
 * built and executed with Kysely alone is sent past it.
 */
export async function watchingStatements<T>(
  connection: AbstractSqlConnection,
  platform: AbstractSqlPlatform,
  receiver: Receiver,
  run: () => Promise<T>,
): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(connection, 'execute');
  const execute = connection.execute.bind(connection);
  const watched: AbstractSqlConnection['execute'] = (
    query,
    params,
    method,
    transaction: SqlTransaction | undefined,
    loggerContext,
  ) => {
    const send = (into: SqlTransaction | undefined) =>
      execute(query, params, method, into, loggerContext) as Promise<never>;
    const current = RECEIVER.getStore();
    if (current === undefined) return send(transaction);
    const sql = textOf(query, params, platform);
    return RECEIVER.exit(() => current(sql, transaction, send));
  };
  connection.execute = watched;
  try {
    return await RECEIVER.run(receiver, run);
  } finally {
    Reflect.deleteProperty(connection, 'execute');
    if (own !== undefined) Object.defineProperty(connection, 'execute', own);
  }
}

/** Runs statements that go past the receiver, such as those of the ledger. */
export function unwatched<T>(run: () => Promise<T>): Promise<T> {
  return RECEIVER.exit(run);
}

/** A query as MikroORM would send it. */
export function textOf(
  query: Parameters<AbstractSqlConnection['execute']>[0],
  params: Parameters<AbstractSqlConnection['execute']>[1],
  platform: AbstractSqlPlatform,
): string {
  if (typeof query !== 'string' && !isRaw(query)) return textOf(query.toRaw(), [], platform);
  const whole =
    typeof query !== 'string'
      ? query
      : Array.isArray(params ?? [])
        ? { sql: query, params: (params ?? []) as readonly unknown[] }
        : raw(query, params as Record<string, unknown>);
  return platform.formatQuery(whole.sql, whole.params);
}
