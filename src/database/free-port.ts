import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const LOOPBACK = '127.0.0.1';
/** The system chooses a port. */
const ANY_PORT = 0;

/**
 * Below the ephemeral ports (from 32768 on Linux). The system could give an ephemeral port to an outgoing connection while
 * the server is stopped.
 */
const FIRST_PORT = 20_000;
const END_PORT = 32_000;
const TRIES = 20;
const POLL_PAUSE_MS = 50;
/** The processes of a killed server usually release the port in well under a second. */
const RELEASE_LIMIT_MS = 30_000;

/**
 * Finds a free port of the loopback interface.
 *
 * @param preferred is returned if it is free
 */
export async function freePort(preferred?: number): Promise<number> {
  const wanted = Array.from({ length: TRIES }, () => randomInt(FIRST_PORT, END_PORT));
  for (const port of preferred === undefined ? wanted : [preferred, ...wanted]) {
    const found = await listenOnce(port);
    if (found !== undefined) return found;
  }
  const given = await listenOnce(ANY_PORT);
  if (given === undefined) throw new Error(`No port of ${LOOPBACK} is free.`);
  return given;
}

/**
 * Waits until a port of the loopback interface is free.
 *
 * @returns the port
 * @throws Error if it is still in use after half a minute
 */
export async function portOnceFree(port: number): Promise<number> {
  const deadline = Date.now() + RELEASE_LIMIT_MS;
  while ((await listenOnce(port)) === undefined) {
    if (Date.now() > deadline) {
      throw new Error(
        `Port ${port} of ${LOOPBACK} is still in use after ${RELEASE_LIMIT_MS / 1000} s. \`ss -ltnp\` shows the process.`,
      );
    }
    await delay(POLL_PAUSE_MS);
  }
  return port;
}

async function listenOnce(port: number): Promise<number | undefined> {
  const server = createServer().listen(port, LOOPBACK);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
  const { port: found } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return found;
}
