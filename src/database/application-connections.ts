import { callbackify } from 'node:util';
import type { ClientConfig, PoolConfig } from 'pg';
import { type PooledClient, pooledClient, ServerChoice } from './pooled-client.ts';

/**
 * The server ends a slow statement itself. If it does not answer, the client closes the connection this much later, in
 * milliseconds.
 */
const SILENCE_MS = 500;
/** The server ends a statement this much after the request's time limit, so that the request's limit answers first. */
const STATEMENT_GRACE_MS = 100;

/**
 * Share of a request's time for each wait on a replica: one for a connection, one for the statement. Half is left for
 * the primary.
 */
const SHARE_OF_REPLICA = 0.25;

/** Idle time of a connection before TCP keepalive checks the server, in milliseconds. */
const KEEPALIVE_IDLE_MS = 10_000;

/** The database URLs of a process that serves requests. */
export interface DatabaseServers {
  /** URLs for requests, one per server or pooler. The first one that accepts writes is used. */
  readonly requests: readonly string[];
  /** URLs for dedicated sessions, one per server, if requests go through a pooler. */
  readonly sessions?: readonly string[];
}

/** Connection settings of a process that serves requests. */
export interface ApplicationConnections {
  /** For the pool that requests use. */
  readonly pool: PoolConfig;
  /** For one dedicated session; call it for each connection. */
  session(): ClientConfig;
}

/**
 * @param servers the database URLs
 * @param requestTimeoutMs longest wait for a connection or a statement, in milliseconds
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
 * @param servers a URL for each replica; the first one that answers is used
 * @param requestTimeoutMs time limit of a request, in milliseconds
 * @returns configuration of the pool for reads
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
