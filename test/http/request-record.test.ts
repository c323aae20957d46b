import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createNotesTable, type NotesTable } from '../support/notes/notes-table.ts';
import { send } from '../support/send.ts';
import { startNotes } from '../support/notes/notes-application.ts';
import type { TestApplication } from '../support/test-application.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let table: NotesTable;
let api: TestApplication;

beforeAll(async () => {
  table = await createNotesTable();
  api = await startNotes(table.url);
  await table.store();
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
    const answer = await get('/notes', { 'X-Request-Id': id });
    expect(answer.headers.get('X-Request-Id')).toBe(id);
    expect(api.logged.at(-1)).toMatchObject({ requestId: id });
  });

  it.each(['', 'two words', 'a\tb', '{"level":"error"}', '<script>', 'é', 'a'.repeat(129)])(
    'is new if the client sent no well-formed id: %j',
    async (id) => {
      const answer = await get('/notes', { 'X-Request-Id': id });
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
    ['GET', '/notes/?limit=1', '/notes', 200, 'GET /notes/ answered 200'],
    ['GET', '/notes/1', '/notes/:id', 200, 'GET /notes/1 answered 200'],
    ['DELETE', '/notes/999', '/notes/:id', 404, 'DELETE /notes/999 answered 404'],
    ['GET', '/nothing', undefined, 404, 'GET /nothing answered 404'],
    ['PUT', '/notes', undefined, 405, 'PUT /notes answered 405'],
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

  it('contains nothing of the query or the body', async () => {
    const before = api.logged.length;
    await send(`${api.url}/notes?limit=confidential`);
    await send(`${api.url}/notes?confidential=1`);
    await send(`${api.url}/notes`, {
      method: 'POST',
      body: { text: 'confidential', x: 'confidential' },
    });
    await send(`${api.url}/notes`, { method: 'POST', body: { text: 'confidential' } });
    expect(api.logged.slice(before).map(({ status }) => status)).toEqual([400, 400, 400, 201]);
    expect(JSON.stringify(api.logged.slice(before))).not.toContain('confidential');
  });

  it('contains the start of a long path', async () => {
    await send(`${api.url}/${'x'.repeat(5_000)}`);
    expect(api.logged.at(-1)!.msg).toBe(`GET /${'x'.repeat(199)} answered 404`);
  });

  it('is a warning with its cause if the database is unavailable', async () => {
    await using away = await startNotes('postgres://someone:hidden@127.0.0.1:9/none', {
      requestTimeoutMs: 400,
    });
    await send(`${away.url}/notes`, { method: 'POST', body: { text: 'x' } });
    expect(away.logged.at(-1)).toMatchObject({
      level: 'warn',
      status: 503,
      route: '/notes',
      msg: expect.stringMatching(/^POST \/notes answered 503: connect ECONNREFUSED/),
    });
    expect(JSON.stringify(away.logged)).not.toContain('hidden');
  });

  it('is an error with its cause if the server fails', async () => {
    await using spoilt = await createNotesTable();
    await using broken = await startNotes(spoilt.url);
    await spoilt.client.rows('alter table note rename column id to number');
    await send(`${broken.url}/notes`);
    expect(broken.logged.at(-1)).toMatchObject({
      level: 'error',
      status: 500,
      msg: 'GET /notes answered 500: SQLSTATE 42703, column n0.id does not exist',
    });
  });
});
