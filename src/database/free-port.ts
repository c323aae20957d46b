import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';
const ANY_PORT = 0;

/**
 * Finds a port of the loopback interface on which nobody listens at this moment.
 *
 * @param preferred the port to take if it is free
 */
export async function freePort(preferred = ANY_PORT): Promise<number> {
  try {
    return await listenOnce(preferred);
  } catch (error) {
    if (preferred === ANY_PORT) throw error;
    return listenOnce(ANY_PORT);
  }
}

async function listenOnce(port: number): Promise<number> {
  const server = createServer().listen(port, LOOPBACK);
  await once(server, 'listening');
  const { port: found } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return found;
}
