import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { freePort, portOnceFree } from '../../src/database/free-port.ts';

describe('portOnceFree', () => {
  it('waits until the requested port is free', async () => {
    const port = await freePort();
    const holder = createServer().listen(port, '127.0.0.1');
    await once(holder, 'listening');
    let isFree = false;
    const found = portOnceFree(port).then((value) => {
      expect(isFree).toBe(true);
      return value;
    });
    // The first check of `freePort` finds the port in use.
    expect(await freePort(port)).not.toBe(port);
    await delay(200);
    isFree = true;
    holder.close();
    expect(await found).toBe(port);
  });
});
