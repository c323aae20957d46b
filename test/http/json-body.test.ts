import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startNotes } from '../support/notes/notes-application.ts';
import { createNotesTable, type NotesTable } from '../support/notes/notes-table.ts';
import { type Answer, send } from '../support/send.ts';
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

const post = (body: unknown, type?: string) =>
  send(`${api.url}/notes`, { method: 'POST', body, ...(type !== undefined && { type }) });

function fieldsOf(answer: Answer): string[] {
  return (JSON.parse(answer.text) as { errors: { field: string }[] }).errors.map(({ field }) => field);
}

function expectProblem(answer: Answer, status: number): void {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  expect(JSON.parse(answer.text)).toMatchObject({
    status,
    title: expect.any(String),
    detail: expect.any(String),
  });
}

it.each<[string, unknown, string[]]>([
  ['a field that is missing', {}, ['text']],
  ['a field of another type', { text: 1 }, ['text']],
  ['a field that is null', { text: null }, ['text']],
  ['an unknown field', { text: 'x', color: 'red' }, ['color']],
  ['everything at once', { text: '', priority: 10, color: 'red' }, ['text', 'priority', 'color']],
  ['a field __proto__', '{"text":"x","__proto__":{"priority":1}}', ['body']],
  ['an array', [], ['body']],
  ['null', 'null', ['body']],
  ['a text', '"x"', ['body']],
  ['bad JSON', '{"text":', ['body']],
  ['an empty body', '', ['body']],
  ['only white space', ' \n', ['body']],
  ['bytes that are not UTF-8', Buffer.from('{"text":"\xff"}', 'latin1'), ['body']],
  ['no body', undefined, ['body']],
])('%s is a 400 that names the field', async (_, body, fields) => {
  const answer = await post(body);
  expectProblem(answer, 400);
  expect(fieldsOf(answer)).toEqual(fields);
});

it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1'])(
  'answers 415 as %s',
  async (type) => expectProblem(await post('{"text":"x"}', type), 415),
);

it('answers 415 if it is compressed', async () => {
  const response = await fetch(`${api.url}/notes`, {
    method: 'POST',
    body: '{"text":"x"}',
    headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
  });
  expect(response.status).toBe(415);
});

it.each([
  ['of a known length', 'x'.repeat(300_000)],
  ['of an unknown length', new Blob(['x'.repeat(300_000)]).stream()],
])('is a 413 beyond 100 kB, %s, and the connection goes on', async (_, body) => {
  const response = await fetch(`${api.url}/notes`, {
    method: 'POST',
    body,
    duplex: 'half',
    headers: { 'Content-Type': 'application/json' },
  });
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ status: 413, title: 'Payload Too Large' });
  expect((await send(`${api.url}/healthz`)).status).toBe(200);
});

it('accepts charset=utf-8 and a UTF-8 byte order mark', async () => {
  const answer = await post('\ufeff{"text":"é"}', 'application/json; charset=UTF-8');
  expect(answer.status).toBe(201);
  expect(JSON.parse(answer.text)).toMatchObject({ text: 'é' });
});

it.each(['identity', 'IDENTITY', 'Identity'])('accepts the content encoding %s', async (encoding) => {
  const response = await fetch(`${api.url}/notes`, {
    method: 'POST',
    body: '{"text":"x"}',
    headers: { 'Content-Type': 'application/json', 'Content-Encoding': encoding },
  });
  expect(response.status).toBe(201);
});
