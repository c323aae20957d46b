import { Client, type ClientConfig } from 'pg';
import { isConnectionLost } from 'online-migration';
import { ReadOnlyServerError } from './writable-server.ts';

/** SQLSTATE of a write that a server refuses because it takes none. */
const READ_ONLY_TRANSACTION = '25006';

/** A client of the application's pool. */
export interface PooledClient extends Client {
  /**
   * Checks that the connection is usable and prepares it. Call it in the pool's option `verify`.
   * @throws ReadOnlyServerError if the server is read-only and another one may accept writes
   */
  accept(): Promise<void>;
}

/**
 * Selects one of several servers for new connections. If a connection fails, it selects the next server, and after the
 * last one the first. Use it for a primary with a standby that can replace it.
 */
export class ServerChoice {
  readonly #urls: readonly string[];
  #index = 0;

  /** @param urls one for each server */
  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** The server to connect to. */
  get url(): string {
    return this.#urls[this.#index]!;
  }

  /** Whether there are several servers. */
  get hasOthers(): boolean {
    return this.#urls.length > 1;
  }

  /** Selects the next server, unless another caller has already done so. */
  avoid(url: string): void {
    if (url === this.url) this.#index = (this.#index + 1) % this.#urls.length;
  }

  /**
   * Returns the server to connect to, and selects the next one for the next call. For callers that do not report
   * failures.
   */
  next(): string {
    const { url } = this;
    this.avoid(url);
    return url;
  }
}

/**
 * The client class for a pool whose users return connections without reporting errors, as Kysely does.
 *
 * 1. It connects to the currently chosen server. If the connection ends before it is accepted, the next server is
 *    chosen.
 * 2. On a dedicated session, it sets the server's statement timeout. Sessions behind a pooler are shared: set the
 *    timeout on the pooler or the role there. A pooler rejects the setting at connection start.
 * 3. It closes the connection after a client-side timeout or a fatal error. Otherwise the pool would reuse it, and the
 *    next statement would wait for the earlier answer, or fail as well.
 *
 * @param servers the servers to connect to
 * @param options.statementTimeoutMs longest duration of a statement, in milliseconds
 * @param options.takesWrites whether to reject a read-only server if there are other servers
 * @returns a class for the pool's option `Client`
 */
export function pooledClient(
  servers: ServerChoice,
  { statementTimeoutMs, takesWrites }: { readonly statementTimeoutMs: number; readonly takesWrites: boolean },
): new (config?: string | ClientConfig) => PooledClient {
  return class extends Client implements PooledClient {
    /** The server's process id, sent at connection start. A pooler sends an invented number. */
    declare readonly processID: number | null;
    readonly #avoidServer: () => void;

    constructor(config?: string | ClientConfig) {
      const { url } = servers;
      super({ ...(typeof config === 'object' && config), connectionString: url });
      this.#avoidServer = () => servers.avoid(url);
      this.once('end', this.#avoidServer);
    }

    async accept(): Promise<void> {
      const { rows } = await super.query<{ read_only: boolean }>(
        `
        select current_setting('transaction_read_only')::boolean as read_only,
          case when pg_backend_pid() = $1 then set_config('statement_timeout', $2, false) end`,
        [this.processID, String(statementTimeoutMs)],
      );
      if (takesWrites && rows[0]?.read_only && servers.hasOthers)
        throw new ReadOnlyServerError('The server is read-only.');
      this.off('end', this.#avoidServer);
    }

    override query(...statement: unknown[]): never {
      const answer: unknown = super.query(...(statement as [string]));
      if (answer instanceof Promise) {
        answer.catch((error: unknown) => {
          if (isUnusable(error)) void this.end();
        });
      }
      return answer as never;
    }
  };
}

/** The connection is lost, or the server is read-only because another one has replaced it. */
function isUnusable(error: unknown): boolean {
  return isConnectionLost(error) || (error as { code?: unknown }).code === READ_ONLY_TRANSACTION;
}
