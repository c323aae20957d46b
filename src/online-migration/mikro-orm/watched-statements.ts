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

/** Members of a connection that are replaced while a migration runs. */
type Watched = Partial<Pick<AbstractSqlConnection, 'execute' | 'executeDump' | 'begin'>>;

/**
 * Runs a migration whose statements go to a receiver: those of `execute`, of the driver and of an EntityManager. A query that is
 * built and executed with Kysely alone, and one that is streamed, are sent past it.
 *
 * @param within the transaction in which every other one becomes a nested one; by default they are as the migration opens them
 */
export async function watchingStatements<T>(
  connection: AbstractSqlConnection,
  platform: AbstractSqlPlatform,
  receiver: Receiver,
  run: () => Promise<T>,
  within?: SqlTransaction,
): Promise<T> {
  const execute = connection.execute.bind(connection);
  const executeDump = connection.executeDump.bind(connection);
  const begin = connection.begin.bind(connection);
  using _watched = replaced(connection, {
    execute: ((query, params, method, transaction: SqlTransaction | undefined, loggerContext) => {
      const send = (into: SqlTransaction | undefined) => execute(query, params, method, into, loggerContext);
      const current = RECEIVER.getStore();
      if (current === undefined) return send(transaction);
      const sql = textOf(query, params, platform);
      return RECEIVER.exit(() => current(sql, transaction, send));
    }) as AbstractSqlConnection['execute'],
    executeDump: (dump) => {
      const current = RECEIVER.getStore();
      if (current === undefined) return executeDump(dump);
      return RECEIVER.exit(() => current(dump, undefined, () => executeDump(dump)));
    },
    begin: (options = {}) => {
      const isOfMigration = RECEIVER.getStore() !== undefined && within !== undefined;
      return begin(isOfMigration ? { ...options, ctx: options.ctx ?? (within as never) } : options);
    },
  });
  return await RECEIVER.run(receiver, run);
}

/** Replaces members of a connection, until it is disposed of. */
function replaced(connection: AbstractSqlConnection, members: Watched): Disposable {
  const own = Object.keys(members).map(
    (name) => [name, Object.getOwnPropertyDescriptor(connection, name)] as const,
  );
  Object.assign(connection, members);
  return {
    [Symbol.dispose]: () => {
      for (const [name, before] of own) {
        Reflect.deleteProperty(connection, name);
        if (before !== undefined) Object.defineProperty(connection, name, before);
      }
    },
  };
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
