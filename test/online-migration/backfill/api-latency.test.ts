import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { readApiP99 } from '../../../src/online-migration/backfill/throttle/api-latency.ts';

async function readFrom(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await readApiP99(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

it.each([
  ['the quantile first', 'a_seconds{quantile="0.99",route="/list"} 0.25', 250],
  ['the quantile last', 'a_seconds{route="/list",quantile="0.99"} 0.25', 250],
  ['the quantile alone', 'a_seconds{quantile="0.99"} 2.5e-1', 250],
  ['braces in a label', 'a_seconds{route="/list/{id}",quantile="0.99",x="}"} 0.25', 250],
  ['quotes in a label', String.raw`a_seconds{route="\"}\\",quantile="0.99"} 0.25`, 250],
  ['a timestamp', 'a_seconds{quantile="0.99"} 0.25 1395066363000', 250],
  ['several', 'a_seconds{quantile="0.99",r="/a"} 0.1\nb_seconds{quantile="0.99"} 0.3\na_seconds_sum 9', 300],
  ['no value yet', 'a_seconds{quantile="0.99"} NaN\nb_seconds{quantile="0.99"} 0.1', 100],
  ['another quantile', 'a_seconds{quantile="0.9"} 0.25', 0],
  ['another label of that value', 'a_seconds{my_quantile="0.99"} 0.25', 0],
  ['a label that holds the text', 'a_seconds{x="quantile=\\"0.99\\","} 0.25', 0],
  ['another unit', 'a_bytes{quantile="0.99"} 25', 0],
  ['a comment', '# HELP x\n# a_seconds{quantile="0.99"} 0.25', 0],
  ['nothing', '', 0],
  ['JSON', '{"p99Ms":250}', 250],
])('reads metrics with %s', async (_, text, milliseconds) => {
  expect(await readFrom((_request, response) => response.end(text))).toBe(milliseconds);
});

it('an answer that is no success counts as a strained API', async () => {
  expect(await readFrom((_, response) => response.writeHead(503).end())).toBe(Number.POSITIVE_INFINITY);
});

it('so does none', async () => {
  expect(await readFrom(() => undefined)).toBe(Number.POSITIVE_INFINITY);
  expect(await readApiP99('http://127.0.0.1:9/metrics')).toBe(Number.POSITIVE_INFINITY);
});
