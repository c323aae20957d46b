import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLargeRecordTable, type LargeRecordTable } from '../large-record/support/large-record-table.ts';
import { send } from '../support/send.ts';
import { startTestApplication, type TestApplication } from '../support/test-application.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let table: LargeRecordTable;
let api: TestApplication;

beforeAll(async () => {
  table = await createLargeRecordTable('old');
  api = await startTestApplication(table.url);
  await table.store('LargeRecord_1', '2024-01-01 10:00:00');
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await table[Symbol.asyncDispose]();
});

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${api.url}${path}`, { headers });
}

describe('the id of a request', () => {
  it.each([
    'b7ad6b7169203331',
    '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    'Root=1-67891233-abcdef012345678912345678',
    'a'.repeat(128),
  ])('is the one that the client gave: %s', async (id) => {
    const answer = await get('/list_large', { 'X-Request-Id': id });
    expect(answer.headers.get('X-Request-Id')).toBe(id);
    expect(api.logged.at(-1)).toMatchObject({ requestId: id });
  });

  it.each(['', 'two words', 'a\tb', '{"level":"error"}', '<script>', 'é', 'a'.repeat(129)])(
    'is a new one where the client gave none that is well-formed: %j',
    async (id) => {
      const answer = await get('/list_large', { 'X-Request-Id': id });
      expect(answer.headers.get('X-Request-Id')).toMatch(UUID);
      expect(api.logged.at(-1)).toMatchObject({ requestId: answer.headers.get('X-Request-Id') });
    },
  );

  it('is in the problem', async () => {
    const answer = await get('/nothing', { 'X-Request-Id': 'mine' });
    expect(await answer.json()).toMatchObject({ status: 404, requestId: 'mine' });
  });

  it('differs from request to request', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => get('/healthz')));
    expect(new Set(answers.map(({ headers }) => headers.get('X-Request-Id'))).size).toBe(20);
  });
});

describe('the line of a request', () => {
  it.each([
    ['GET', '/list_large/?limit=1&after=0', '/list_large', 200, 'GET /list_large/ answered 200'],
    ['GET', '/large_records/1', '/large_records/:id', 200, 'GET /large_records/1 answered 200'],
    ['DELETE', '/large_records/999', '/large_records/:id', 404, 'DELETE /large_records/999 answered 404'],
    ['GET', '/nothing', undefined, 404, 'GET /nothing answered 404'],
    ['PUT', '/list_large', undefined, 405, 'PUT /list_large answered 405'],
  ])('%s %s has its route %s and its status', async (method, path, route, status, msg) => {
    const before = api.logged.length;
    await send(`${api.url}${path}`, { method });
    const lines = api.logged.slice(before);
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        pid: process.pid,
        hostname: expect.any(String),
        requestId: expect.stringMatching(UUID),
        method,
        ...(route && { route }),
        status,
        durationMs: expect.any(Number),
        msg,
      },
    ]);
  });

  it('has nothing of the query or the body', async () => {
    const before = api.logged.length;
    await send(`${api.url}/list_large?after=confidential`);
    await send(`${api.url}/list_large?confidential=1`);
    await send(`${api.url}/large_records`, {
      method: 'POST',
      body: { name: 'confidential', x: 'confidential' },
    });
    await send(`${api.url}/large_records`, { method: 'POST', body: { name: 'confidential' } });
    expect(api.logged.slice(before).map(({ status }) => status)).toEqual([400, 400, 400, 201]);
    expect(JSON.stringify(api.logged.slice(before))).not.toContain('confidential');
  });

  it('has the beginning of a long path', async () => {
    await send(`${api.url}/${'x'.repeat(5_000)}`);
    expect(api.logged.at(-1)!.msg).toBe(`GET /${'x'.repeat(199)} answered 404`);
  });

  it('is a warning with its cause where the database is away', async () => {
    await using away = await startTestApplication('postgres://someone:hidden@127.0.0.1:9/none', {
      requestTimeoutMs: 400,
    });
    await send(`${away.url}/large_records`, { method: 'POST', body: { name: 'x' } });
    expect(away.logged.at(-1)).toMatchObject({
      level: 'warn',
      status: 503,
      route: '/large_records',
      msg: expect.stringMatching(/^POST \/large_records answered 503: connect ECONNREFUSED/),
    });
    expect(JSON.stringify(away.logged)).not.toContain('hidden');
  });

  it('is an error with its cause where the server is at fault', async () => {
    await using spoilt = await createLargeRecordTable('old');
    await using broken = await startTestApplication(spoilt.url);
    await spoilt.client.query('alter table large_record drop column name');
    await send(`${broken.url}/list_large`);
    expect(broken.logged.at(-1)).toMatchObject({
      level: 'error',
      status: 500,
      msg: 'GET /list_large answered 500: SQLSTATE 42703, column l0.name does not exist',
    });
  });
});
