import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type Koa from 'koa';
import type { Log } from './log.ts';
import { answerUnreadable } from './unreadable-requests.ts';

/**
 * Longer than common load balancers keep an idle connection (60 s), so they never send on a connection that is being
 * closed.
 */
const KEEP_ALIVE_MS = 65_000;

/** Node's default, stated here. It suffices for the tokens and traces of proxies, and limits memory use. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Interval between checks for slow requests, in milliseconds. */
const CHECK_INTERVAL_MS = 500;

/** Settings of the server. */
export interface ListenOptions {
  /** Time limit for a request's headers, and then for its body, in milliseconds. */
  readonly requestTimeoutMs: number;
  readonly log: Log;
}

/** A listening server. */
export interface Listener {
  /** The URL it listens on, for example `http://127.0.0.1:3000`. */
  readonly url: string;
  /**
   * Stops accepting requests and resolves when those in flight are answered.
   * @param graceMs closes the remaining connections after this time, in milliseconds
   */
  close(graceMs: number): Promise<void>;
}

/**
 * Starts to listen.
 *
 * @param application answers the requests
 * @param host name or address
 * @param port 0 selects a free port
 * @throws Error with a sentence if it cannot listen on the address
 */
export async function listen(
  application: Koa,
  host: string,
  port: number,
  { requestTimeoutMs, log }: ListenOptions,
): Promise<Listener> {
  const answer = application.callback();
  const inFlight = new Set<ServerResponse>();
  const latest = new WeakMap<Socket, ServerResponse>();
  const server = createServer(serverOptions(requestTimeoutMs));
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    inFlight.add(response);
    response.once('close', () => inFlight.delete(response));
    latest.set(request.socket, response);
    void answer(request, response);
  };
  server.on('request', serve);
  // A server may ignore an unknown expectation (RFC 9110, section 10.1.1). Node would answer 417.
  server.on('checkExpectation', serve);
  answerUnreadable(server, { inFlight, latest }, log);
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new Error(describeRefusal(error as NodeJS.ErrnoException, host, port), { cause: error });
  }
  return {
    url: urlOf(server.address() as AddressInfo),
    async close(graceMs) {
      // Otherwise a kept-alive connection would keep the server open after its answer.
      for (const response of inFlight) response.shouldKeepAlive = false;
      const closed = once(server, 'close');
      server.close();
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

/** Limits for clients that send slowly or send much. */
function serverOptions(requestTimeoutMs: number): ServerOptions {
  return {
    headersTimeout: requestTimeoutMs,
    // The application limits the wait for a body itself. This limit covers bodies that it discards after its answer.
    requestTimeout: 2 * requestTimeoutMs + CHECK_INTERVAL_MS,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    // The application answers requests without a Host header with a problem.
    requireHostHeader: false,
  };
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function describeRefusal(error: NodeJS.ErrnoException, host: string, port: number): string {
  const sentences: Readonly<Record<string, string>> = {
    EADDRINUSE: `Port ${port} of ${host} is in use: stop the other server, or set PORT (0 takes a free one).`,
    EACCES: `This user may not listen on port ${port}: set PORT to a number from 1024 to 65535.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine: set HOST to one, such as 127.0.0.1.`,
    ENOTFOUND: `The host ${host} is unknown: set HOST to an address of this machine, such as 127.0.0.1.`,
  };
  return sentences[error.code ?? ''] ?? `Cannot listen on port ${port} of ${host}: ${error.message}.`;
}
