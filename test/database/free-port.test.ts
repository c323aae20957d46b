import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { freePort, portOnceFree } from '../../src/database/free-port.ts';

describe('portOnceFree', () => {
  it('waits for who still listens, and gives the port asked for', async () => {
    const port = await freePort();
    const holder = createServer().listen(port, '127.0.0.1');
    await once(holder, 'listening');
    let isFree = false;
    const found = portOnceFree(port).then((value) => {
      expect(isFree).toBe(true);
      return value;
    });
    // Another port than the one taken is what the first look of a `freePort` gives.
    expect(await freePort(port)).not.toBe(port);
    await delay(200);
    isFree = true;
    holder.close();
    expect(await found).toBe(port);
  });
});
