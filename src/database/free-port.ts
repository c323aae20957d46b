import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';
/** Whichever the system gives. */
const ANY_PORT = 0;

/**
 * Below the ports that systems take for outgoing connections (from 32768 on under Linux): one of those may be gone when a
 * server that was stopped wants it back.
 */
const FIRST_PORT = 20_000;
const END_PORT = 32_000;
const TRIES = 20;

/**
 * Finds a port of the loopback interface on which nobody listens at this moment.
 *
 * @param preferred the port to take if it is free
 */
export async function freePort(preferred?: number): Promise<number> {
  const wanted = Array.from({ length: TRIES }, () => randomInt(FIRST_PORT, END_PORT));
  for (const port of preferred === undefined ? wanted : [preferred, ...wanted]) {
    try {
      return await listenOnce(port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
  return listenOnce(ANY_PORT);
}

async function listenOnce(port: number): Promise<number> {
  const server = createServer().listen(port, LOOPBACK);
  await once(server, 'listening');
  const { port: found } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return found;
}
