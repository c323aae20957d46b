import { callbackify } from 'node:util';
import type { ClientConfig, PoolConfig } from 'pg';
import { type PooledClient, pooledClient } from './pooled-client.ts';
import { ServerChoice } from './server-choice.ts';

/** The server ends a slow statement by itself; a connection without an answer is given up so much later, in milliseconds. */
const SILENCE_MS = 500;
/** How much later than a request's own limit the server ends its statement, so that it is the limit that answers. */
const STATEMENT_GRACE_MS = 100;

/** A replica that hangs, at first on the connection and then on the statement, leaves half a request's time for the primary. */
const SHARE_OF_REPLICA = 0.25;

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
  const limits = limitsOf(requestTimeoutMs);
  return {
    pool: poolConfig(choice, requestTimeoutMs, { takesWrites: true }),
    session: () => ({ ...limits, connectionString: sessionChoice?.next() ?? choice.url }),
  };
}

/**
 * @param servers a URL for each replica; the first that answers is used
 * @param requestTimeoutMs how long a request may take, in milliseconds
 * @returns what a pool of connections for reads is to be made with
 */
export function replicaConnections(servers: readonly string[], requestTimeoutMs: number): PoolConfig {
  const timeoutMs = Math.ceil(requestTimeoutMs * SHARE_OF_REPLICA);
  return poolConfig(new ServerChoice(servers), timeoutMs, { takesWrites: false });
}

function poolConfig(
  choice: ServerChoice,
  timeoutMs: number,
  { takesWrites }: { readonly takesWrites: boolean },
): PoolConfig {
  return {
    ...limitsOf(timeoutMs),
    Client: pooledClient(choice, { statementTimeoutMs: timeoutMs + STATEMENT_GRACE_MS, takesWrites }),
    verify: callbackify((client: object) => (client as PooledClient).accept()),
  };
}

function limitsOf(timeoutMs: number): ClientConfig {
  return {
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs + SILENCE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_IDLE_MS,
  };
}
