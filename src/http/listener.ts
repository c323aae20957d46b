import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type Koa from 'koa';
import type { Log } from './log.ts';
import { answerUnreadable } from './unreadable-requests.ts';

/** Longer than the balancers in use keep an idle connection (60 s): they must never send on one that is being closed. */
const KEEP_ALIVE_MS = 65_000;

/** Node's own bound, said here: enough for the tokens and traces of any proxy, and too little to hold memory with. */
const MAX_HEADER_BYTES = 16 * 1024;

/** How often slow requests are looked for, in milliseconds. */
const CHECK_INTERVAL_MS = 500;

/** What the server needs beside what it serves. */
export interface ListenOptions {
  /** How long the headers of a request may take, and then its body, in milliseconds. */
  readonly requestTimeoutMs: number;
  readonly log: Log;
}

/** A server that takes requests. */
export interface Listener {
  /** Where it listens, such as `http://127.0.0.1:3000`. */
  readonly url: string;
  /**
   * Takes no more requests and resolves when those in flight are answered.
   * @param graceMs cuts the connections that are left then, in milliseconds
   */
  close(graceMs: number): Promise<void>;
}

/**
 * Starts to listen.
 *
 * @param application answers the requests
 * @param host name or address
 * @param port 0 takes a free one
 * @throws Error with a sentence where the address cannot be had
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
  // An expectation that Node does not know may be ignored (RFC 9110, section 10.1.1); by itself it would answer 417.
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
      // Otherwise a client that keeps its connection alive would hold the server open after its answer.
      for (const response of inFlight) response.shouldKeepAlive = false;
      const closed = once(server, 'close');
      server.close();
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

/** Bounds on what a client may take up by sending slowly, or much. */
function serverOptions(requestTimeoutMs: number): ServerOptions {
  return {
    headersTimeout: requestTimeoutMs,
    // The application ends the wait for a body itself. This is for one that it no longer reads, after its answer.
    requestTimeout: 2 * requestTimeoutMs + CHECK_INTERVAL_MS,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    // The application refuses such a request, with a problem.
    requireHostHeader: false,
  };
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function describeRefusal(error: NodeJS.ErrnoException, host: string, port: number): string {
  const sentences: Readonly<Record<string, string>> = {
    EADDRINUSE: `Port ${port} of ${host} is in use: stop what listens there, or set PORT (0 takes a free one).`,
    EACCES: `This user may not listen on port ${port}: set PORT to a number from 1024 to 65535.`,
    EADDRNOTAVAIL: `${host} is no address of this machine: set HOST to one, such as 127.0.0.1.`,
    ENOTFOUND: `The host ${host} is not known: set HOST to an address of this machine, such as 127.0.0.1.`,
  };
  return sentences[error.code ?? ''] ?? `Cannot listen on port ${port} of ${host}: ${error.message}.`;
}
