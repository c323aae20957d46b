import { Client, type ClientConfig } from 'pg';
import { isConnectionSpent } from './connection-failure.ts';
import type { ServerChoice } from './server-choice.ts';
import { assertTakesWrites } from './writable-server.ts';

/** A client of the application's pool. */
export interface PooledClient extends Client {
  /**
   * Makes sure that it is of use; the pool's option `verify` is the place to call it.
   * @throws ReadOnlyServerError where its server takes no writes
   */
  accept(): Promise<void>;
}

/**
 * The client for a pool whose users give a connection back without saying what has happened on it, as Kysely does.
 *
 * 1. It connects to the server that is chosen at the moment. Where it ends before it is accepted, another is chosen.
 * 2. A statement that gets no answer in time, or the server's last one, ends the connection. Otherwise the pool would
 *    hand it out again, and the next statement would wait for the answer to the first, or fail as it did.
 *
 * @param servers where it connects to
 * @returns a class for the pool's option `Client`
 */
export function pooledClient(servers: ServerChoice): new (config?: string | ClientConfig) => PooledClient {
  return class extends Client implements PooledClient {
    readonly #turnAway: () => void;

    constructor(config?: string | ClientConfig) {
      const { url } = servers;
      super({ ...(typeof config === 'object' && config), connectionString: url });
      this.#turnAway = () => servers.turnFrom(url);
      this.once('end', this.#turnAway);
    }

    async accept(): Promise<void> {
      await assertTakesWrites(this);
      this.off('end', this.#turnAway);
    }

    override query(...statement: unknown[]): never {
      const answer: unknown = super.query(...(statement as [string]));
      if (answer instanceof Promise) {
        answer.catch((error: unknown) => {
          if (isConnectionSpent(error)) void this.end();
        });
      }
      return answer as never;
    }
  };
}
