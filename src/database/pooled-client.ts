import { Client, type ClientConfig } from 'pg';
import { isConnectionLost } from 'online-migration';
import type { ServerChoice } from './server-choice.ts';
import { ReadOnlyServerError } from './writable-server.ts';

/** SQLSTATE of a write that a server refuses because it takes none. */
const READ_ONLY_TRANSACTION = '25006';

/** A client of the application's pool. */
export interface PooledClient extends Client {
  /**
   * Makes sure that it is of use, and ready; the pool's option `verify` is the place to call it.
   * @throws ReadOnlyServerError if its server takes no writes and another might
   */
  accept(): Promise<void>;
}

/**
 * The client for a pool whose users give a connection back without saying what has happened on it, as Kysely does.
 *
 * 1. It connects to the server that is chosen at the moment. Where it ends before it is accepted, another is chosen.
 * 2. Where it has a session of its own, the server ends its statements in time. A session behind a pooler is others' too:
 *    there the timeout is the pooler's or the role's, and a connection that asks for one at its start is refused.
 * 3. A statement that gets no answer in time, or the server's last one, ends the connection. Otherwise the pool would
 *    hand it out again, and the next statement would wait for the answer to the first, or fail as it did.
 *
 * @param servers where it connects to
 * @param options.statementTimeoutMs no statement is to last longer, in milliseconds
 * @param options.takesWrites whether a server that takes none is refused where there is another
 * @returns a class for the pool's option `Client`
 */
export function pooledClient(
  servers: ServerChoice,
  { statementTimeoutMs, takesWrites }: { readonly statementTimeoutMs: number; readonly takesWrites: boolean },
): new (config?: string | ClientConfig) => PooledClient {
  return class extends Client implements PooledClient {
    /** The server's process id as it was told at the connection's start; a pooler tells a number of its own. */
    declare readonly processID: number | null;
    readonly #turnAway: () => void;

    constructor(config?: string | ClientConfig) {
      const { url } = servers;
      super({ ...(typeof config === 'object' && config), connectionString: url });
      this.#turnAway = () => servers.turnFrom(url);
      this.once('end', this.#turnAway);
    }

    async accept(): Promise<void> {
      const { rows } = await super.query<{ read_only: boolean }>(
        `
        select current_setting('transaction_read_only')::boolean as read_only,
          case when pg_backend_pid() = $1 then set_config('statement_timeout', $2, false) end`,
        [this.processID, String(statementTimeoutMs)],
      );
      if (takesWrites && rows[0]?.read_only && servers.hasOthers)
        throw new ReadOnlyServerError('The server takes no writes.');
      this.off('end', this.#turnAway);
    }

    override query(...statement: unknown[]): never {
      const answer: unknown = super.query(...(statement as [string]));
      if (answer instanceof Promise) {
        answer.catch((error: unknown) => {
          if (isOfNoUse(error)) void this.end();
        });
      }
      return answer as never;
    }
  };
}

/** The connection is lost, or its server takes no writes any more because another one has taken its place. */
function isOfNoUse(error: unknown): boolean {
  return isConnectionLost(error) || (error as { code?: unknown }).code === READ_ONLY_TRANSACTION;
}
