import { setTimeout as delay } from 'node:timers/promises';
import type { Chance } from './chance.ts';
import type { HostileRequest } from './hostile-request.ts';
import { writer } from './message.ts';

/** Speed of slow requests. */
const SLOW_BYTES = 100;
const SLOW_PAUSE_MS = 100;

/** A request that arrives in small pieces and never completely. */
export function slowRequest(chance: Chance): HostileRequest {
  const [method, target] = writer(chance);
  const head = `${method} ${target} HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\n`;
  const text = chance.of([
    `${head}Content-Length: 200000\r\n\r\n{"name":"${'x'.repeat(5_000)}`,
    `${head}Content-Length: 9007199254740993\r\n\r\n{"name":"x"}`,
    `${head}Transfer-Encoding: chunked\r\n\r\n1000\r\n{"name":"${'x'.repeat(4_000)}`,
    `${head}X-Slow: ${'x'.repeat(5_000)}`,
  ]);
  return {
    kind: 'a slow request',
    write: async (socket) => {
      for (let at = 0; at < text.length && socket.bytesRead === 0; at += SLOW_BYTES) {
        socket.write(text.slice(at, at + SLOW_BYTES));
        await delay(SLOW_PAUSE_MS);
      }
    },
    isHead: false,
    // A client that still sends may miss its answer, because the connection closes after it.
    expected: null,
  };
}
