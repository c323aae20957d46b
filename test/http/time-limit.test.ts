import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startHangingProxy } from '../support/hanging-proxy.ts';
import { createNotesTable, type NotesTable } from '../support/notes/notes-table.ts';
import { type Answer, send } from '../support/send.ts';
import { startNotes } from '../support/notes/notes-application.ts';

const LIMIT = { requestTimeoutMs: 500 };
/** More than the pool's connections. */
const REQUESTS = 25;

let table: NotesTable;
let id: string;

beforeEach(async () => {
  table = await createNotesTable();
  id = await table.store();
});
afterEach(async () => table[Symbol.asyncDispose]());

function expectTryAgain(answer: Answer): void {
  expect(answer.status).toBe(503);
  expect(answer.headers.get('Retry-After')).toBe('1');
}

it('a waiting statement answers 503 in time, and the server ends it', async () => {
  await using api = await startNotes(table.url, LIMIT);
  await table.lock();
  const body = { text: 'changed' };
  const answer = await send(`${api.url}/notes/${id}`, { method: 'PATCH', body });
  expectTryAgain(answer);
  expect(answer.text).toContain('The write may have been done');
  expect(api.log).toEqual([`PATCH /notes/${id} answered 503: no answer within 500 ms`]);
  const stillWaiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  while ((await table.client.rows(stillWaiting)).length > 0);
  await table.unlock();
  expect((await send(`${api.url}/notes/${id}`)).text).toContain('"Note 1"');
});

it('with all connections in use, every request is answered in time, and succeeds later', async () => {
  await using api = await startNotes(table.url, LIMIT);
  await table.lock();
  const patch = () => send(`${api.url}/notes/${id}`, { method: 'PATCH', body: { text: 'changed' } });
  const read = () => send(`${api.url}/notes`);
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, (_, index) => (index < REQUESTS - 2 ? patch() : read())),
  );
  for (const answer of answers.slice(0, -2)) expectTryAgain(answer);
  for (const answer of answers.slice(-2)) expect([200, 503]).toContain(answer.status);
  await table.unlock();
  while ((await read()).status !== 200);
  expect((await patch()).status).toBe(200);
});

it('while the database is silent, requests answer 503 in time, and succeed when it is back', async () => {
  const proxy = await startHangingProxy(table.url);
  await using api = await startNotes(proxy.url, LIMIT);
  expect((await send(`${api.url}/notes`)).status).toBe(200);
  proxy.hang();
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, (_, index) =>
      index % 2 === 0
        ? send(`${api.url}/notes`)
        : send(`${api.url}/notes`, { method: 'POST', body: { text: 'Note 2' } }),
    ),
  );
  for (const answer of answers) expectTryAgain(answer);
  // Also closes the connections that were never answered.
  await proxy[Symbol.asyncDispose]();
  expectTryAgain(await send(`${api.url}/notes`));
  await using _back = await startHangingProxy(table.url, Number(new URL(proxy.url).port));
  while ((await send(`${api.url}/notes`)).status !== 200);
});

it('a silent connection is not reused', async () => {
  await using proxy = await startHangingProxy(table.url);
  await using api = await startNotes(proxy.url, LIMIT);
  expect((await send(`${api.url}/notes`)).status).toBe(200);
  proxy.hang('old');
  while ((await send(`${api.url}/notes`)).status !== 200);
  proxy.goOn();
});

it('an incomplete body answers 408 in time and ends the connection', async () => {
  await using api = await startNotes(table.url, LIMIT);
  const { hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(
    'POST /notes HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"text":',
  );
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  expect(answer).toContain('The body did not arrive in time.');
  expect(api.log).toEqual([]);
});
