import { callbackify } from 'node:util';
import type { ClientConfig, PoolConfig } from 'pg';
import { type PooledClient, pooledClient } from './pooled-client.ts';
import { ServerChoice } from './server-choice.ts';

/** The server ends a slow statement by itself; a connection without an answer is given up so much later, in milliseconds. */
const SILENCE_MS = 500;

/** How long a connection may be silent before the system asks whether the server is there, in milliseconds. */
const KEEPALIVE_IDLE_MS = 10_000;

/** Where a process that serves requests finds its database. */
export interface DatabaseServers {
  /** A URL for each server, or pooler, that requests may go to: the first that takes writes is used. */
  readonly requests: readonly string[];
  /** A URL for each server that sessions may go to, where a pooler is between the requests and them. */
  readonly sessions?: readonly string[];
}

/** How a process that serves requests reaches its database. */
export interface ApplicationConnections {
  /** For the pool of connections that requests use. */
  readonly pool: PoolConfig;
  /** For one session of its own, asked for each time that it connects. */
  session(): ClientConfig;
}

/**
 * @param servers where to connect
 * @param requestTimeoutMs no wait, for a connection or for a statement, is longer, in milliseconds
 */
export function applicationConnections(
  { requests, sessions }: DatabaseServers,
  requestTimeoutMs: number,
): ApplicationConnections {
  const choice = new ServerChoice(requests);
  const sessionChoice = sessions && new ServerChoice(sessions);
  const limits: ClientConfig = {
    connectionTimeoutMillis: requestTimeoutMs,
    query_timeout: requestTimeoutMs + SILENCE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_IDLE_MS,
  };
  return {
    pool: {
      ...limits,
      Client: pooledClient(choice, requestTimeoutMs),
      verify: callbackify((client: object) => (client as PooledClient).accept()),
    },
    session: () => ({ ...limits, connectionString: sessionChoice?.next() ?? choice.url }),
  };
}
