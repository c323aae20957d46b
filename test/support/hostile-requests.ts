import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  dereference,
  type DocumentedOperation,
  type DocumentedSchema,
  isValid,
} from './documented-answers.ts';
import { INJECTIONS, NO_MOMENTS, NO_NAMES, NO_NUMBERS, NO_TEXTS, UNKNOWN_KEYS } from './hostile-values.ts';
import { seededRandom } from './load.ts';

/** What a request that is valid does to the table. */
export type Effect =
  | { readonly does: 'create'; readonly name: string; readonly createdAt?: string }
  | { readonly does: 'update'; readonly id: number; readonly name?: string; readonly createdAt?: string }
  | { readonly does: 'remove'; readonly id: number }
  | { readonly does: 'nothing' };

/** What is sent on one connection. */
export interface HostileRequest {
  readonly kind: string;
  readonly write: Buffer | ((socket: Socket) => void | Promise<void>);
  /** What the document says of its answer, where it is one request that HTTP allows. */
  readonly documented?: { readonly method: string; readonly path: string };
  readonly isHead: boolean;
  /**
   * What is answered, in order: the effect of a valid request, or `refused`. Null where both are right, and the request
   * cannot change anything.
   */
  readonly expected: readonly (Effect | 'refused')[] | null;
}

/** An operation, as the document has it. */
export interface Documented {
  readonly method: string;
  readonly path: string;
  readonly operation: DocumentedOperation;
}

const MOMENT = '2024-01-01 10:00:00';
/** How slow requests come. */
const SLOW_BYTES = 100;
const SLOW_PAUSE_MS = 100;

const REFUSED = ['refused'] as const;
const NOTHING = [{ does: 'nothing' }] as const;

/** Makes requests that are wrong, odd or meant to harm, as a seed decides. */
export class HostileRequests {
  readonly #operations: readonly Documented[];
  readonly #random: () => number;
  #freshId: number;

  /**
   * @param operations of the document
   * @param seed decides everything
   * @param rows the records that are there have the ids from 1 on; each is changed by one request at most
   */
  constructor(operations: readonly Documented[], seed: number, rows: number) {
    this.#operations = operations;
    this.#random = seededRandom(String(seed));
    this.#freshId = rows;
  }

  /** @returns so many requests, of every kind in turn */
  make(count: number): HostileRequest[] {
    const kinds = [
      () => this.#wrongPlace(),
      () => this.#wrongPlace(),
      () => this.#wrongInItself(),
      () => this.#injection(),
      () => this.#injection(),
      () => this.#wrongBody(),
      () => this.#oddButValid(),
      () => this.#wrongEncoding(),
      () => this.#brokenText(),
      () => this.#brokenHttp(),
      () => this.#wrongFraming(),
      () => this.#pipeline(),
      () => this.#flood(),
    ];
    return Array.from({ length: count }, (_, index) =>
      index % 40 === 39 ? this.#slow() : kinds[index % kinds.length]!(),
    );
  }

  /** A documented request with one parameter or one property that is wrong, by its schema. */
  #wrongPlace(): HostileRequest {
    const { method, path, operation } = this.#of(
      this.#operations.filter(({ operation: { parameters, requestBody } }) => parameters ?? requestBody),
    );
    const parameters = operation.parameters ?? [];
    const wrong = this.#below(parameters.length + (operation.requestBody ? 2 : 0));
    const query: string[] = [];
    let target = path;
    for (const [index, { name, in: place, schema }] of parameters.entries()) {
      const value = index === wrong ? this.#wrongNumber(schema) : String(schema.minimum);
      // An empty part of a path is another path.
      if (place === 'path') target = target.replace(`{${name}}`, value || '%20');
      else query.push(`${name}=${value}`);
    }
    if (query.length > 0) target += `?${query.join('&')}`;
    const schema = operation.requestBody?.content['application/json']?.schema;
    const body = schema && this.#body(dereference(schema), wrong >= parameters.length);
    return this.#request('a wrong place', method, target, REFUSED, { body });
  }

  #wrongNumber({ minimum, maximum }: DocumentedSchema): string {
    const bounds = [minimum! - 1, ...(maximum === undefined ? [] : [maximum + 1])];
    return this.#of([...bounds.map(String), ...NO_NUMBERS]);
  }

  /** A body that has what a schema of an object asks for; or has one thing wrong. */
  #body({ properties = {}, required = [] }: DocumentedSchema, isWrong: boolean): string {
    const values = Object.entries(properties).map(
      ([key, { examples }]) =>
        [JSON.stringify(key), JSON.stringify(examples?.[0] ?? 'x')] as [string, string],
    );
    if (isWrong) {
      const kinds = [
        () => values.push([JSON.stringify(this.#of(UNKNOWN_KEYS)), this.#of(['1', '{"name":"y"}', 'null'])]),
        () => values.push([`"${'k'.repeat(1 + this.#below(50_000))}"`, '1']),
        () => {
          const value = this.#of(values);
          value[1] = this.#wrongValue(properties[JSON.parse(value[0]) as string]!);
        },
      ];
      if (required.length > 0) {
        kinds.push(() => values.splice(0, values.length, [JSON.stringify('other'), '1']));
      }
      this.#of(kinds)();
    }
    return `{${values.map(([key, value]) => `${key}:${value}`).join()}}`;
  }

  #wrongValue(schema: DocumentedSchema): string {
    const { maxLength } = schema;
    const long =
      maxLength === undefined ? [] : ['x', '😀'].map((text) => JSON.stringify(text.repeat(maxLength + 1)));
    const odd = [...NO_TEXTS, ...NO_NAMES, ...NO_MOMENTS, ...INJECTIONS.map((text) => JSON.stringify(text))];
    // A schema cannot say everything; what it lets through may be right.
    return this.#of([...long, ...odd].filter((json) => !isValid(schema, JSON.parse(json))));
  }

  /** A value that its schema cannot tell from a right one. */
  #wrongInItself(): HostileRequest {
    const [method, target] = this.#writer();
    const body = this.#of([
      ...NO_NAMES.map((name) => `{"name":${name}}`),
      ...NO_MOMENTS.map((moment) => `{"name":"x","created_at":${moment}}`),
    ]);
    return this.#request('a wrong value', method, target, REFUSED, { body });
  }

  /** SQL and the like, in every place that takes a text, and in those that take none. */
  #injection(): HostileRequest {
    const text = this.#of(INJECTIONS);
    const json = JSON.stringify(text);
    const encoded = encodeURIComponent(text);
    const id = this.#below(1000) + 1;
    const request = (method: string, target: string, body?: string) =>
      this.#request('an injection', method, target, REFUSED, { body });
    switch (this.#below(9)) {
      case 0: {
        const effect = { does: 'create', name: text, createdAt: MOMENT } as const;
        const body = `{"name":${json},"created_at":"${MOMENT}"}`;
        return this.#request('an injection', 'POST', '/large_records', [effect], { body });
      }
      case 1: {
        const effect = { does: 'update', id: this.#ownId(), name: text } as const;
        const target = `/large_records/${effect.id}`;
        return this.#request('an injection', 'PATCH', target, [effect], { body: `{"name":${json}}` });
      }
      case 2:
        return request('POST', '/large_records', `{"name":"x","created_at":${json}}`);
      case 3:
        return request('PATCH', `/large_records/${id}`, `{"name":"x",${json}:"x"}`);
      case 4:
        return request(this.#of(['GET', 'DELETE']), `/large_records/${encoded}`);
      case 5:
        return request('PATCH', `/large_records/${id}${encoded}`, '{"name":"x"}');
      case 6:
        return request('GET', `/list_large/?${this.#of(['limit', 'after'])}=1${encoded}`);
      case 7:
        return request('GET', `/list_large/?${encoded}=1`);
      default: {
        const headers = { 'X-Request-Id': text, 'User-Agent': text, Cookie: text };
        return this.#request('an injection', 'GET', '/list_large/', NOTHING, { headers });
      }
    }
  }

  /** A body that is no object, is nested deeply, or pollutes. */
  #wrongBody(): HostileRequest {
    const depth = 1 + this.#below(20_000);
    const body = this.#of([
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
    const [method, target] = this.#writer();
    return this.#request('a wrong body', method, target, REFUSED, { body });
  }

  /** A request that looks wrong and is not. */
  #oddButValid(): HostileRequest {
    const create = (body: string, name: string, headers = {}) =>
      this.#request('odd, but valid', 'POST', '/large_records', [{ does: 'create', name }], {
        body,
        headers,
      });
    const read = (method: string, target: string) =>
      this.#request('odd, but valid', method, target, NOTHING, {});
    switch (this.#below(9)) {
      case 0:
        return create('{"name":"first","name":"last"}', 'last');
      case 1:
        return create(String.raw`{"n\u0061me":"\u00e9\ud83d\ude00"}`, 'é😀');
      case 2:
        return create(`\ufeff  {"name":"marked"}\n`, 'marked', {
          'Content-Type': 'Application/JSON; charset="UTF-8"',
        });
      case 3:
        return create(`{"name":${JSON.stringify('\u202e\u0007\u001b[31m')}}`, '\u202e\u0007\u001b[31m');
      case 4:
        return create(`{"name":"${'😀'.repeat(100)}"}`, '😀'.repeat(100));
      case 5:
        return read('GET', `/list_large/?limit=${1 + this.#below(1000)}&after=9223372036854775807`);
      case 6:
        return read('HEAD', '/list_large/');
      case 7:
        return read(
          'GET',
          this.#of(['/status?x=%zz', '/healthz?__proto__=1', '/readyz', '/openapi.json', '/metrics']),
        );
      default: {
        const id = this.#ownId();
        return this.#request('odd, but valid', 'DELETE', `/large_records/${id}`, [{ does: 'remove', id }], {
          body: '{"ignored":true}',
        });
      }
    }
  }

  #wrongEncoding(): HostileRequest {
    const [method, target] = this.#writer();
    const body = '{"name":"x"}';
    const headers = this.#of<Record<string, string>>([
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
    return this.#request('a wrong encoding', method, target, REFUSED, { body, headers });
  }

  /** Bytes that are no UTF-8, and escapes that are none. */
  #brokenText(): HostileRequest {
    if (this.#random() < 0.5) {
      const target = this.#of([
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
      return this.#request('a broken text', 'GET', target, REFUSED, {});
    }
    const [method, target] = this.#writer();
    const bytes = this.#of([
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
    return this.#request('a broken text', method, target, REFUSED, {
      body: this.#random() < 0.8 ? body : Buffer.from('{"name":"x"}', 'utf16le'),
    });
  }

  /** A request that changes nothing, with some of its bytes changed, left out or doubled; or no request at all. */
  #brokenHttp(): HostileRequest {
    const bytes = this.#random() < 0.3 ? this.#noHttp() : this.#mutated();
    return {
      kind: 'broken HTTP',
      // Nothing more will come: the server need not wait for the end of it.
      write: (socket) => void socket.end(bytes),
      isHead: false,
      expected: null,
    };
  }

  #noHttp(): Buffer {
    return this.#of([
      Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      Buffer.from('GET /list_large/\r\n\r\n'),
      Buffer.from('GET /list_large/ HTTP/9.9\r\nHost: api\r\n\r\n'),
      Buffer.from('GET http://[/ HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n'),
      Buffer.from('GET http://[::1/x HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n'),
      Buffer.from('GET * HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n'),
      Buffer.from('OPTIONS * HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n'),
      Buffer.from('CONNECT api:443 HTTP/1.1\r\nHost: api\r\n\r\n'),
      Buffer.from('TRACE / HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n'),
      Buffer.from('GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n'),
      Buffer.from('GET /healthz HTTP/1.1\r\nHost: [\r\nHost: b\r\nConnection: close\r\n\r\n'),
      Buffer.from('GET /healthz HTTP/1.1\r\nHost : api\r\n\r\n'),
      Buffer.from('GET /healthz HTTP/1.1\r\nHost: api\r\n folded: yes\r\n\r\n'),
      Buffer.from('GET /healthz HTTP/1.1\nHost: api\n\n'),
      Buffer.from('GET /healthz HTTP/1.1\r\nHost: api\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
      Buffer.from('GET /healthz HTTP/1.1\r\nHost: api\r\nExpect: miracles\r\nConnection: close\r\n\r\n'),
      Buffer.from('\r\n\r\n\r\n'),
      Buffer.from('\0'.repeat(1000)),
      Buffer.from(Array.from({ length: 1 + this.#below(2000) }, () => this.#below(256))),
    ]);
  }

  #mutated(): Buffer {
    const sound = Buffer.from(
      `GET /list_large/?limit=${1 + this.#below(50)} HTTP/1.1\r\nHost: api\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
    );
    let bytes = sound;
    for (let changes = 1 + this.#below(5); changes > 0; changes--) {
      const at = this.#below(bytes.length);
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
      switch (this.#below(4)) {
        case 0:
          bytes = Buffer.concat([before, Buffer.from([this.#below(256)]), after.subarray(1)]);
          break;
        case 1:
          bytes = Buffer.concat([before, after.subarray(1 + this.#below(8))]);
          break;
        case 2:
          bytes = Buffer.concat([before, Buffer.from([this.#below(256)]), after]);
          break;
        default:
          bytes = Buffer.concat([before, after.subarray(0, this.#below(20)), after]);
      }
    }
    return bytes;
  }

  /** A body whose length is not what the headers say, or is said in two ways. */
  #wrongFraming(): HostileRequest {
    const [method, target] = this.#writer();
    const head = `${method} ${target} HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\n`;
    const body = '{"name":"x"}';
    const chunked = `${head}Transfer-Encoding: chunked\r\n`;
    const text = this.#of([
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
  #pipeline(): HostileRequest {
    const ids = Array.from({ length: 1 + this.#below(4) }, () => this.#ownId());
    const patches = ids.map((id, index) =>
      message(
        'PATCH',
        `/large_records/${id}`,
        { Host: 'api', 'Content-Type': 'application/json' },
        `{"name":"in a row ${index}"}`,
      ),
    );
    const updates = ids.map((id, index) => ({ does: 'update', id, name: `in a row ${index}` }) as const);
    const nonsense = this.#random() < 0.5;
    const last = nonsense
      ? Buffer.from(this.#of(['nonsense\r\n\r\n', '\u0000', 'GET / HTTP/0.0\r\n\r\n']))
      : message('DELETE', '/large_records/x', { Host: 'api', Connection: 'close' });
    return {
      kind: 'a pipeline',
      write: Buffer.concat([...patches, last]),
      isHead: false,
      expected: nonsense ? updates : [...updates, 'refused'],
    };
  }

  /** More headers, or a longer target, than anyone needs. */
  #flood(): HostileRequest {
    const size = 20_000 + this.#below(100_000);
    const flood = this.#of([
      'X-A: b\r\n'.repeat(size / 8),
      `X-A: ${'b'.repeat(size)}\r\n`,
      `${'X'.repeat(size)}: a\r\n`,
      `Cookie: ${'a=b; '.repeat(size / 5)}\r\n`,
      'Host: api\r\n'.repeat(size / 11),
    ]);
    const isTarget = this.#random() < 0.3;
    const text = isTarget
      ? `GET /list_large/?after=${'1'.repeat(size)} HTTP/1.1\r\nHost: api\r\n\r\n`
      : `DELETE /large_records/${1 + this.#below(1000)} HTTP/1.1\r\nHost: api\r\n${flood}\r\n`;
    return { kind: 'a flood', write: Buffer.from(text), isHead: false, expected: REFUSED };
  }

  /** A request that comes a little at a time, and never as a whole. */
  #slow(): HostileRequest {
    const [method, target] = this.#writer();
    const head = `${method} ${target} HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\n`;
    const text = this.#of([
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

  #request(
    kind: string,
    method: string,
    target: string,
    expected: HostileRequest['expected'],
    {
      headers = {},
      body,
    }: { headers?: Readonly<Record<string, string>>; body?: string | Buffer | undefined },
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

  /** A method and a target that take a body. */
  #writer(): readonly [string, string] {
    return this.#random() < 0.5
      ? ['POST', '/large_records']
      : ['PATCH', `/large_records/${1 + this.#below(1000)}`];
  }

  /** A record that no other request changes. */
  #ownId(): number {
    return this.#freshId--;
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  #of<Value>(values: readonly Value[]): Value {
    return values[this.#below(values.length)]!;
  }
}

/** A request as it goes over the wire; its length is as its body's. */
function message(
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
