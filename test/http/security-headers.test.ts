import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createNotesTable, type NotesTable } from '../support/notes/notes-table.ts';
import { exchangeRaw } from '../support/raw-http.ts';
import { send } from '../support/send.ts';
import { startNotes } from '../support/notes/notes-application.ts';
import type { TestApplication } from '../support/test-application.ts';

let table: NotesTable;
let api: TestApplication;

beforeAll(async () => {
  table = await createNotesTable();
  api = await startNotes(table.url);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await table[Symbol.asyncDispose]();
});

function expectSecured(headers: Headers): void {
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
  for (const name of ['X-Powered-By', 'Server', 'Strict-Transport-Security']) {
    expect(headers.has(name)).toBe(false);
  }
}

it.each([
  ['GET', '/notes/', 200],
  ['HEAD', '/notes/', 200],
  ['GET', '/metrics', 200],
  ['GET', '/openapi.json', 200],
  ['OPTIONS', '/notes', 200],
  ['GET', '/notes?limit=0', 400],
  ['GET', '/nothing', 404],
  ['PUT', '/notes', 405],
] as const)('%s %s answered %i has them', async (method, path, status) => {
  const answer = await send(`${api.url}${path}`, { method });
  expect(answer.status).toBe(status);
  expectSecured(answer.headers);
});

it('an answer to invalid HTTP has them', async () => {
  const { answers } = await exchangeRaw(api.url, 'hello\r\n\r\n');
  expect(answers[0]!.status).toBe(400);
  expectSecured(answers[0]!.headers);
});

it('a failure of the server has them', async () => {
  await table.client.rows('alter table note rename column id to number');
  const answer = await send(`${api.url}/notes`);
  expect(answer.status).toBe(500);
  expectSecured(answer.headers);
});
