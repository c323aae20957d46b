import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { documentationOf } from '../support/documented-answers.ts';
import { createNotesTable, type NotesTable } from '../support/notes/notes-table.ts';
import { exchangeRaw, type RawAnswer } from '../support/raw-http.ts';
import { send } from '../support/send.ts';
import { startNotes } from '../support/notes/notes-application.ts';
import type { TestApplication } from '../support/test-application.ts';

const TIMEOUT_MS = 400;
const JSON_HEADERS = 'Host: api\r\nContent-Type: application/json\r\n';

let table: NotesTable;
let api: TestApplication;

beforeAll(async () => {
  table = await createNotesTable();
  api = await startNotes(table.url, { requestTimeoutMs: TIMEOUT_MS });
  await table.store();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await table[Symbol.asyncDispose]();
});

function expectProblem(answer: RawAnswer | undefined, status: number, detail: string): void {
  expect(answer?.status).toBe(status);
  expect(answer!.headers.get('Content-Type')).toBe('application/problem+json');
  expect(answer!.headers.get('X-Content-Type-Options')).toBe('nosniff');
  expect(JSON.parse(answer!.body)).toMatchObject({ status, detail });
  expect(answer!.headers.get('X-Request-Id')).toBe(JSON.parse(answer!.body).requestId);
  documentationOf(api.url)!.assertProblem('It', answer!.body);
}

describe('an unreadable request is answered with a problem, logged, and ends the connection:', () => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'The request is not valid HTTP/1.1.', 'HPE_INVALID_METHOD'],
    [
      'headers beyond 16 kB',
      `GET / HTTP/1.1\r\nHost: api\r\n${'X-A: b\r\n'.repeat(20_000)}\r\n`,
      431,
      'The target and headers of the request are too long.',
      'HPE_HEADER_OVERFLOW',
    ],
    [
      'chunks with long extensions',
      `POST /notes HTTP/1.1\r\n${JSON_HEADERS}Transfer-Encoding: chunked\r\n\r\n2;${'x'.repeat(20_000)}\r\n{}\r\n`,
      413,
      'The chunk extensions of the body are too long.',
      'HPE_CHUNK_EXTENSIONS_OVERFLOW',
    ],
    [
      'headers that do not end',
      'GET / HTTP/1.1\r\nHost: api\r\n',
      408,
      'The request did not arrive in time.',
      'ERR_HTTP_REQUEST_TIMEOUT',
    ],
  ])('%s', async (_, bytes, status, detail, code) => {
    const before = api.logged.length;
    const { answers, rest } = await exchangeRaw(api.url, bytes);
    expect(rest).toBe('');
    expect(answers).toHaveLength(1);
    expectProblem(answers[0], status, detail);
    const { requestId } = JSON.parse(answers[0]!.body);
    expect(api.logged.slice(before)).toContainEqual(
      expect.objectContaining({
        level: 'info',
        requestId,
        status,
        msg: `An unreadable request answered ${status}: ${code}`,
      }),
    );
  });
});

it.each([
  ['no Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 'The header Host is missing.'],
  [
    'two Hosts',
    'GET /healthz HTTP/1.1\r\nHost: api\r\nhost: other\r\nConnection: close\r\n\r\n',
    'The header Host appears more than once.',
  ],
  [
    'the same Host twice, in HTTP/1.0',
    'GET /healthz HTTP/1.0\r\nHost: api\r\nHost: api\r\n\r\n',
    'The header Host appears more than once.',
  ],
  [
    'a body of two types',
    `POST /notes HTTP/1.1\r\n${JSON_HEADERS}Content-Type: text/plain\r\nConnection: close\r\nContent-Length: 14\r\n\r\n{"text":"two"}`,
    'The header Content-Type appears more than once.',
  ],
  [
    'a target that is not a URL',
    'GET http://[/ HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n',
    'The target of the request is not a URL.',
  ],
])('a request with %s is a 400', async (_, bytes, detail) => {
  const { answers } = await exchangeRaw(api.url, bytes);
  expectProblem(answers[0], 400, detail);
});

it.each([
  ['HTTP/1.0 without Host', 'GET /healthz HTTP/1.0\r\n\r\n'],
  ['a whole URL', 'GET http://api/healthz HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n'],
  [
    'an unknown expectation',
    'GET /healthz HTTP/1.1\r\nHost: api\r\nExpect: miracles\r\nConnection: close\r\n\r\n',
  ],
])('a request with %s is answered', async (_, bytes) => {
  const { answers } = await exchangeRaw(api.url, bytes);
  expect(answers.map(({ status }) => status)).toEqual([200]);
});

describe('on one connection', () => {
  it('requests before an unreadable one are answered in order, and the unreadable one is not', async () => {
    const requests = ['1', '2'].map((id) => `GET /notes/${id} HTTP/1.1\r\nHost: api\r\n\r\n`);
    const { answers, rest } = await exchangeRaw(api.url, `${requests.join('')}nonsense\r\n\r\n`);
    expect(answers.map(({ status }) => status)).toEqual([200, 404]);
    expect(rest).toBe('');
  });

  it('a body that fails after its answer gets no second answer', async () => {
    const { answers, rest } = await exchangeRaw(api.url, async (socket) => {
      socket.write(`POST /notes HTTP/1.1\r\n${JSON_HEADERS}Transfer-Encoding: chunked\r\n\r\n`);
      socket.write(`1ffff\r\n${'x'.repeat(0x1ffff)}\r\n`);
      await once(socket, 'data');
      socket.write('nonsense\r\n');
    });
    expect(answers.map(({ status }) => status)).toEqual([413]);
    expect(rest).toBe('');
  });

  it('a body that continues after its answer has a time limit, longer than that of headers', async () => {
    const ended: string[] = [];
    const body = exchangeRaw(api.url, (socket) => {
      socket.write(`POST /notes HTTP/1.1\r\n${JSON_HEADERS}Transfer-Encoding: chunked\r\n\r\n`);
      socket.write(`1ffff\r\n${'x'.repeat(0x1ffff)}\r\n`);
    }).finally(() => ended.push('body'));
    await exchangeRaw(api.url, 'GET / HTTP/1.1\r\n').finally(() => ended.push('headers'));
    const { answers, rest } = await body;
    expect(answers.map(({ status }) => status)).toEqual([413]);
    expect(rest).toBe('');
    expect(ended).toEqual(['headers', 'body']);
  });
});

it('later requests are answered', async () => {
  expect((await send(`${api.url}/notes/1`)).status).toBe(200);
  expect(api.log).toEqual([]);
});
