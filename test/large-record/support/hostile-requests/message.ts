import type { Chance } from './chance.ts';
import type { HostileRequest } from './hostile-request.ts';

/** One request that HTTP allows, on its own connection. */
export function request(
  kind: string,
  method: string,
  target: string,
  expected: HostileRequest['expected'],
  { headers = {}, body }: { headers?: Readonly<Record<string, string>>; body?: string | Buffer | undefined },
): HostileRequest {
  const all = {
    Host: 'api',
    Connection: 'close',
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
    ...headers,
  };
  return {
    kind,
    write: message(method, target, all, body),
    documented: { method, path: target.split('?')[0]! },
    isHead: method === 'HEAD',
    expected,
  };
}

/** A method and a target that accept a body. */
export function writer(chance: Chance): readonly [string, string] {
  return chance.fraction() < 0.5
    ? ['POST', '/large_records']
    : ['PATCH', `/large_records/${1 + chance.below(1000)}`];
}

/** A request in wire format; Content-Length matches its body. */
export function message(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body?: string | Buffer,
): Buffer {
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  const lines = Object.entries({ ...headers, ...length }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'),
    Buffer.from(body ?? ''),
  ]);
}
