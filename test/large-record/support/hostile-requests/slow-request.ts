import { setTimeout as delay } from 'node:timers/promises';
import type { Chance } from './chance.ts';
import { type HostileRequest, REFUSED } from './hostile-request.ts';
import { message, writer } from './message.ts';

/** How slow requests come. */
const SLOW_BYTES = 100;
const SLOW_PAUSE_MS = 100;

/** A body whose length is not what the headers say, or is said in two ways. */
export function wrongFraming(chance: Chance): HostileRequest {
  const [method, target] = writer(chance);
  const head = `${method} ${target} HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\n`;
  const body = '{"name":"x"}';
  const chunked = `${head}Transfer-Encoding: chunked\r\n`;
  const text = chance.of([
    `${head}Content-Length: 5\r\n\r\n${body}`,
    `${head}Content-Length: 500\r\n\r\n${body}`,
    `${head}Content-Length: -1\r\n\r\n${body}`,
    `${head}Content-Length: 1e2\r\n\r\n${body}`,
    `${head}Content-Length: 99999999999999999999999\r\n\r\n${body}`,
    `${head}Content-Length: 12\r\nContent-Length: 13\r\n\r\n${body}`,
    `${head}Content-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n${body}`,
    `${head}Transfer-Encoding: gzip\r\n\r\n${body}`,
    `${head}Transfer-Encoding: chunked, gzip\r\n\r\n${body}`,
    `${head}Content-Length: 0\r\nConnection: close\r\n\r\n`,
    `${head}Connection: close\r\n\r\n`,
    `${chunked}\r\nx\r\n${body}\r\n0\r\n\r\n`,
    `${chunked}\r\n-1\r\n${body}\r\n0\r\n\r\n`,
    `${chunked}\r\n5\r\n${body}\r\n0\r\n\r\n`,
    `${chunked}\r\nfffffffffffffffff\r\n${body}`,
    `${chunked}\r\nc;${'x'.repeat(30_000)}\r\n${body}\r\n0\r\n\r\n`,
    `${chunked}\r\nc\r\n${body}`,
  ]);
  return {
    kind: 'wrong framing',
    write: (socket) => void socket.end(text),
    isHead: false,
    // Where the connection ends in the middle of a body there is nobody to answer; nothing may be done.
    expected: null,
  };
}

/** Several requests at once on one connection, with or without nonsense behind them. */
export function pipeline(chance: Chance): HostileRequest {
  const ids = Array.from({ length: 1 + chance.below(4) }, () => chance.ownId());
  const patches = ids.map((id, index) =>
    message(
      'PATCH',
      `/large_records/${id}`,
      { Host: 'api', 'Content-Type': 'application/json' },
      `{"name":"in a row ${index}"}`,
    ),
  );
  const updates = ids.map((id, index) => ({ does: 'update', id, name: `in a row ${index}` }) as const);
  const nonsense = chance.fraction() < 0.5;
  const last = nonsense
    ? Buffer.from(chance.of(['nonsense\r\n\r\n', '\u0000', 'GET / HTTP/0.0\r\n\r\n']))
    : message('DELETE', '/large_records/x', { Host: 'api', Connection: 'close' });
  return {
    kind: 'a pipeline',
    write: Buffer.concat([...patches, last]),
    isHead: false,
    expected: nonsense ? updates : [...updates, 'refused'],
  };
}

/** More headers, or a longer target, than anyone needs. */
export function flood(chance: Chance): HostileRequest {
  const size = 20_000 + chance.below(100_000);
  const headers = chance.of([
    'X-A: b\r\n'.repeat(size / 8),
    `X-A: ${'b'.repeat(size)}\r\n`,
    `${'X'.repeat(size)}: a\r\n`,
    `Cookie: ${'a=b; '.repeat(size / 5)}\r\n`,
    'Host: api\r\n'.repeat(size / 11),
  ]);
  const isTarget = chance.fraction() < 0.3;
  const text = isTarget
    ? `GET /list_large/?after=${'1'.repeat(size)} HTTP/1.1\r\nHost: api\r\n\r\n`
    : `DELETE /large_records/${1 + chance.below(1000)} HTTP/1.1\r\nHost: api\r\n${headers}\r\n`;
  return { kind: 'a flood', write: Buffer.from(text), isHead: false, expected: REFUSED };
}

/** A request that comes a little at a time, and never as a whole. */
export function slow(chance: Chance): HostileRequest {
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
    // A client that still sends may lose its answer, because the connection is closed behind it.
    expected: null,
  };
}
