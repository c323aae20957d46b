import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { ENDPOINTS, measureThroughput } from '../../../src/showcase/bench-api/throughput.ts';

const SECONDS = 600;

it('ends with its signal, not only after its duration', async () => {
  await using server = createServer((_request, response) => response.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const controller = new AbortController();
  const reason = new Error('Interrupted.');
  const requested = once(server, 'request');
  const measured = measureThroughput(`http://127.0.0.1:${port}`, ENDPOINTS[0]!, SECONDS, controller.signal);
  await requested;
  controller.abort(reason);
  await expect(measured).rejects.toBe(reason);
});
