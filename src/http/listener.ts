import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';

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
export async function listen(application: Koa, host: string, port: number): Promise<Listener> {
  const answer = application.callback();
  const inFlight = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    inFlight.add(response);
    response.once('close', () => inFlight.delete(response));
    void answer(request, response);
  });
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
