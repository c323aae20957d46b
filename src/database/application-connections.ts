import { callbackify } from 'node:util';
import type { ClientConfig, PoolConfig } from 'pg';
import { type PooledClient, pooledClient } from './pooled-client.ts';
import { ServerChoice } from './server-choice.ts';

/** The server ends a slow statement by itself; a silent server's connection is given up so much later, in milliseconds. */
const SILENCE_MS = 500;

/** How long a connection may be silent before the system asks whether the server is there, in milliseconds. */
const KEEPALIVE_IDLE_MS = 10_000;

/** How a process that serves requests reaches its database. */
export interface ApplicationConnections {
  /** For the pool of connections that requests use. */
  readonly pool: PoolConfig;
  /** For one session of its own, to the server that the pool uses at the moment. */
  session(): ClientConfig;
}

/**
 * @param servers a URL for each server that the database may be on: the first that takes writes is used
 * @param requestTimeoutMs no wait, for a connection or for a statement, is longer, in milliseconds
 */
export function applicationConnections(
  servers: readonly string[],
  requestTimeoutMs: number,
): ApplicationConnections {
  const choice = new ServerChoice(servers);
  const limits: ClientConfig = {
    connectionTimeoutMillis: requestTimeoutMs,
    statement_timeout: requestTimeoutMs,
    query_timeout: requestTimeoutMs + SILENCE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_IDLE_MS,
  };
  return {
    pool: {
      ...limits,
      Client: pooledClient(choice),
      // With one server there is no other to turn to.
      ...(servers.length > 1 && {
        verify: callbackify((client: object) => (client as PooledClient).accept()),
      }),
    },
    session: () => ({ ...limits, connectionString: choice.url }),
  };
}
