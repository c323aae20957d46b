import type { Chance } from './chance.ts';
import { type HostileRequest, REFUSED } from './hostile-request.ts';
import { request, writer } from './message.ts';
import { NO_TIMESTAMPS, NO_NAMES } from './values.ts';

/** A wrong value that the schema cannot detect. */
export function wrongInItself(chance: Chance): HostileRequest {
  const [method, target] = writer(chance);
  const body = chance.of([
    ...NO_NAMES.map((name) => `{"name":${name}}`),
    ...NO_TIMESTAMPS.map((timestamp) => `{"name":"x","created_at":${timestamp}}`),
  ]);
  return request('a wrong value', method, target, REFUSED, { body });
}

/** A body that is not an object, is deeply nested, or attempts prototype pollution. */
export function wrongBody(chance: Chance): HostileRequest {
  const depth = 1 + chance.below(20_000);
  const body = chance.of([
    '[]',
    'null',
    '"x"',
    '1',
    '',
    ' ',
    '{',
    '{"name":"x"',
    '{"name":"x",}',
    "{'name':'x'}",
    '{"name":"x"}{"name":"y"}',
    '// a comment\n{"name":"x"}',
    'NaN',
    'undefined',
    '['.repeat(depth),
    `${'['.repeat(depth)}${']'.repeat(depth)}`,
    `{"name":${'{"name":'.repeat(depth)}1${'}'.repeat(depth)}}`,
    '{"__proto__":{"name":"x"}}',
    '{"name":"x","__proto__":null}',
    '{"constructor":{"prototype":{"name":"x"}}}',
    `{"name":"${'x'.repeat(110_000)}"}`,
    `[${'0,'.repeat(60_000)}0]`,
    ' '.repeat(200_000),
  ]);
  const [method, target] = writer(chance);
  return request('a wrong body', method, target, REFUSED, { body });
}

export function wrongEncoding(chance: Chance): HostileRequest {
  const [method, target] = writer(chance);
  const body = '{"name":"x"}';
  const headers = chance.of<Record<string, string>>([
    { 'Content-Type': 'text/plain' },
    { 'Content-Type': 'application/xml' },
    { 'Content-Type': 'multipart/form-data; boundary=x' },
    { 'Content-Type': 'application/json; charset=utf-16' },
    { 'Content-Type': 'application/json; charset=latin1' },
    { 'Content-Type': 'application/json;;;' + '='.repeat(500) },
    { 'Content-Type': '' },
    { 'Content-Type': '*/*' },
    { 'Content-Type': 'application/json, text/plain' },
    { 'Content-Type': '\u00ff\u00fe' },
    { 'Content-Encoding': 'gzip' },
    { 'Content-Encoding': 'identity, gzip' },
    { 'Content-Encoding': '\u00ff' },
  ]);
  return request('a wrong encoding', method, target, REFUSED, { body, headers });
}

/** Invalid UTF-8 and invalid escapes. */
export function brokenText(chance: Chance): HostileRequest {
  if (chance.fraction() < 0.5) {
    const target = chance.of([
      '/list_large/?limit=%',
      '/list_large/?after=%E0%A4%A',
      '/list_large/?%C0%AE=1',
      '/large_records/%ff',
      '/large_records/%u0031',
      '/%c0%ae%c0%ae/list_large',
      '/list_large%00',
      '/large_records/1%2f..%2f2',
      '/list_large/;a=b',
      '/..//../large_records/1',
      '//127.0.0.1/list_large',
      '/large_records//1',
      '/large_records/%',
    ]);
    return request('a broken text', 'GET', target, REFUSED, {});
  }
  const [method, target] = writer(chance);
  const bytes = chance.of([
    [0xff],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe2, 0x82],
    [0x80],
    [0x00],
    [0x1f],
  ]);
  const body = Buffer.concat([Buffer.from('{"name":"x'), Buffer.from(bytes), Buffer.from('"}')]);
  return request('a broken text', method, target, REFUSED, {
    body: chance.fraction() < 0.8 ? body : Buffer.from('{"name":"x"}', 'utf16le'),
  });
}
