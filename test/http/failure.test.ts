import { describe, expect, it } from '@jest/globals';
import { problemOfFailure } from '../../src/http/failure.ts';
import { startHangingProxy } from '../support/hanging-proxy.ts';
import { createNotesTable } from '../support/notes/notes-table.ts';
import { lockWaiter, terminateSession } from '../support/lock-waits.ts';
import { send } from '../support/send.ts';
import { startNotes } from '../support/notes/notes-application.ts';
import { createTestDatabase } from '../support/test-server.ts';

/** Short, so that reads are not retried for long. */
const HURRIED = { requestTimeoutMs: 400 };

/** Nothing listens on the discard port of this machine. */
const NO_DATABASE = 'postgres://someone:hidden@127.0.0.1:9/none';

const REQUESTS: readonly (readonly [string, string, unknown])[] = [
  ['GET', '/notes', undefined],
  ['GET', '/notes/1', undefined],
  ['POST', '/notes', { text: 'x' }],
  ['PATCH', '/notes/1', { text: 'x' }],
  ['DELETE', '/notes/1', undefined],
  ['GET', '/status', undefined],
];

const NOT_ANSWERING = 'The database does not answer at the moment.';

const NOT_MIGRATED = 'The database is not migrated yet: its table does not exist.';

/** The answer to the client of a request that was certainly not done. */
function detailFor(method: string, reason: string): string {
  return `${reason} ${method === 'GET' ? 'Try again.' : 'Nothing was written: try again.'}`;
}

describe('without the table', () => {
  it.each(REQUESTS)('%s %s answers 503 with Retry-After', async (method, path, body) => {
    await using database = await createTestDatabase();
    await using api = await startNotes(database.url);
    const answer = await send(`${api.url}${path}`, { method, body });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('Retry-After')).toBe('1');
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
    expect(JSON.parse(answer.text)).toMatchObject({ detail: detailFor(method, NOT_MIGRATED) });
    expect(answer.text).not.toContain('note');
    expect(api.log).toEqual([expect.stringContaining('The table "public"."note" does not exist')]);
  });

  it('/readyz fails until the table exists, and while it is away', async () => {
    await using table = await createNotesTable();
    await table.client.rows('alter table note rename to away');
    await using api = await startNotes(table.url);
    const notReady = { status: 503, text: expect.stringContaining(`"detail":"${NOT_MIGRATED} Try again."`) };
    expect(await send(`${api.url}/readyz`)).toMatchObject(notReady);
    expect((await send(`${api.url}/healthz`)).status).toBe(200);
    await table.client.rows('alter table away rename to note');
    expect((await send(`${api.url}/readyz`)).status).toBe(200);
    await table.client.rows('alter table note rename to away');
    expect(await send(`${api.url}/readyz`)).toMatchObject(notReady);
  });

  it('serves requests as soon as the table exists', async () => {
    await using table = await createNotesTable();
    await using api = await startNotes(table.url);
    await table.client.rows('alter table note rename to away');
    expect((await send(`${api.url}/notes`)).status).toBe(503);
    await table.client.rows('alter table away rename to note');
    expect((await send(`${api.url}/notes`)).status).toBe(200);
  });
});

describe('without a database', () => {
  it.each([...REQUESTS, ['GET', '/readyz', undefined] as const])(
    '%s %s answers 503 with Retry-After if the connection is refused',
    async (method, path, body) => {
      await using api = await startNotes(NO_DATABASE, HURRIED);
      const answer = await send(`${api.url}${path}`, { method, body });
      expect(answer.status).toBe(503);
      expect(answer.headers.get('Retry-After')).toBe('1');
      expect(answer.text).not.toMatch(/127\.0\.0\.1|ECONN/);
      const detail =
        path === '/readyz' ? 'The database does not answer. Try again.' : detailFor(method, NOT_ANSWERING);
      expect(JSON.parse(answer.text)).toMatchObject({ detail });
      expect(api.log.join('\n')).not.toContain('hidden');
      expect((await send(`${api.url}/healthz`)).status).toBe(200);
    },
  );

  it('a write whose connection is cut answers 503 with unknown outcome, and the next one uses another connection', async () => {
    await using table = await createNotesTable();
    await using api = await startNotes(table.url);
    const id = await table.store();
    await table.lock();
    const waiting = send(`${api.url}/notes/${id}`, { method: 'PATCH', body: { text: 'changed' } });
    await terminateSession(await lockWaiter(table.url));
    const answer = await waiting;
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toMatchObject({
      detail: `${NOT_ANSWERING} The write may have been done: read the record before you send it again.`,
    });
    await table.unlock();
    expect(await send(`${api.url}/notes/${id}`)).toMatchObject({
      status: 200,
      text: `{"id":${id},"text":"Note 1","priority":1}`,
    });
  });

  it('a URL with sslmode never leads to an unencrypted connection', async () => {
    await using table = await createNotesTable();
    // The tests' servers have no certificate for this machine's address.
    await using api = await startNotes(`${table.url}?sslmode=verify-full`, HURRIED);
    expect((await send(`${api.url}/notes`)).status).toBe(500);
    expect(api.log.join('\n')).toMatch(/SSL|certificate/);
  });

  it('while the database hangs, /readyz answers 503 and /healthz 200', async () => {
    await using table = await createNotesTable();
    await using proxy = await startHangingProxy(table.url);
    await using api = await startNotes(proxy.url);
    expect((await send(`${api.url}/readyz`)).status).toBe(200);
    proxy.hang();
    expect((await send(`${api.url}/readyz`)).status).toBe(503);
    expect((await send(`${api.url}/readyz`)).status).toBe(503);
    expect((await send(`${api.url}/healthz`)).status).toBe(200);
    proxy.goOn();
    expect((await send(`${api.url}/readyz`)).status).toBe(200);
  });
});

describe('a statement that fails for another reason', () => {
  it('answers 500 without details, and logs one line without the values', async () => {
    await using table = await createNotesTable();
    await using api = await startNotes(table.url);
    await table.client.rows(`alter table note add constraint only_short check (length(text) < 5)`);
    const answer = await send(`${api.url}/notes`, { method: 'POST', body: { text: 'confidential' } });
    expect(answer.status).toBe(500);
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
    expect(JSON.parse(answer.text)).toEqual({
      type: 'about:blank',
      title: 'Internal Server Error',
      status: 500,
      detail: 'The server could not process the request.',
      requestId: answer.headers.get('X-Request-Id'),
    });
    expect(api.log).toEqual(['POST /notes answered 500: SQLSTATE 23514']);
  });

  it('logs no values either if a library has wrapped the error', () => {
    const cause = Object.assign(new Error('value "confidential"'), { code: '22P02', severity: 'ERROR' });
    const error = new Error('Failed query: select $1 params: confidential', { cause });
    expect(problemOfFailure(error, 'POST')).toMatchObject({
      answer: { status: 500 },
      cause: 'SQLSTATE 22P02',
    });
  });

  it('logs the message if it contains no values', async () => {
    await using table = await createNotesTable();
    await using api = await startNotes(table.url);
    await table.client.rows(`alter table note rename column id to number`);
    const answer = await send(`${api.url}/notes`);
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('name');
    expect(api.log).toEqual(['GET /notes answered 500: SQLSTATE 42703, column n0.id does not exist']);
  });
});
