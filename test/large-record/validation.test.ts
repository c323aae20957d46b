import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLargeRecordTable, type LargeRecordTable } from './support/large-record-table.ts';
import { send, type Answer } from '../support/send.ts';
import { startTestApplication, type TestApplication } from '../support/test-application.ts';

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

function fieldsOf(answer: Answer): string[] {
  return (JSON.parse(answer.text) as { errors: { field: string }[] }).errors.map(({ field }) => field);
}

/** The status of a problem; NaN for any other answer. */
function problemStatusOf({ status, headers, text }: Answer): number {
  if (headers.get('Content-Type') !== 'application/problem+json') return Number.NaN;
  const problem = JSON.parse(text) as Record<string, unknown>;
  const isWhole = problem['type'] === 'about:blank' && problem['title'] && problem['detail'];
  return isWhole && problem['status'] === status ? status : Number.NaN;
}

describe('an invalid body', () => {
  it.each<[string, unknown, string[]]>([
    ['no name', {}, ['name']],
    ['an empty name', { name: '' }, ['name']],
    ['a blank name', { name: ' \t\u00a0' }, ['name']],
    ['a name of 101 characters', { name: 'x'.repeat(101) }, ['name']],
    ['a name of 101 characters outside the basic plane', { name: '😀'.repeat(101) }, ['name']],
    ['a name with a NUL', { name: 'a\0b' }, ['name']],
    ['a name with half a surrogate pair', '{"name":"a\\ud800b"}', ['name']],
    ['a name that is a number', { name: 1 }, ['name']],
    ['a name that is null', { name: null }, ['name']],
    ['an unknown field', { name: 'x', color: 'red' }, ['color']],
    ['a client that sets the id', { name: 'x', id: 5 }, ['id']],
    ['everything at once', { name: '', created_at: 'now', color: 'red' }, ['name', 'created_at', 'color']],
    ['a created_at that is null', { name: 'x', created_at: null }, ['created_at']],
    ['a created_at that is a number', { name: 'x', created_at: 1704103200 }, ['created_at']],
    ['a created_at that is empty', { name: 'x', created_at: '' }, ['created_at']],
    ['a date that is not real', { name: 'x', created_at: '2023-02-31 10:00:00' }, ['created_at']],
    ['a time that is not real', { name: 'x', created_at: '2023-02-01 24:00:00' }, ['created_at']],
    ['the year 0', { name: 'x', created_at: '0000-01-01 00:00:00' }, ['created_at']],
    ['another form of date', { name: 'x', created_at: '2024-01-01T10:00:00Z' }, ['created_at']],
    ['a fraction of a second', { name: 'x', created_at: '2024-01-01 10:00:00.5' }, ['created_at']],
    ['a word that PostgreSQL takes', { name: 'x', created_at: 'infinity' }, ['created_at']],
  ])('%s is a 400 that names the field', async (_, body, fields) => {
    const answer = await send(`${api.url}/large_records`, { method: 'POST', body });
    expect(problemStatusOf(answer)).toBe(400);
    expect(fieldsOf(answer)).toEqual(fields);
  });

  it.each<[string, unknown, string[]]>([
    ['neither field', {}, ['body']],
    ['an empty name', { name: '' }, ['name']],
    ['a date that is not real', { created_at: '2023-02-29 10:00:00' }, ['created_at']],
    ['an unknown field', { color: 'red' }, ['color']],
    ['bad JSON', '{', ['body']],
  ])('of a change, %s is a 400 that names the field', async (_, body, fields) => {
    const answer = await send(`${api.url}/large_records/1`, { method: 'PATCH', body });
    expect(problemStatusOf(answer)).toBe(400);
    expect(fieldsOf(answer)).toEqual(expect.arrayContaining(fields));
  });
});

describe('an id that is not a positive 64-bit integer', () => {
  const ids = [
    '0',
    '-1',
    '+1',
    '01',
    '1.0',
    '1e3',
    'abc',
    '9223372036854775808',
    '99999999999999999999',
    '%20',
    '%zz',
    '%00',
  ];

  it.each(ids.flatMap((id) => ['GET', 'PATCH', 'DELETE'].map((method) => [method, id])))(
    '%s /large_records/%s answers 400 and names the id',
    async (method, id) => {
      const answer = await send(`${api.url}/large_records/${id}`, {
        method,
        ...(method === 'PATCH' && { body: { name: 'x' } }),
      });
      expect(problemStatusOf(answer)).toBe(400);
      expect(fieldsOf(answer)).toEqual(['id']);
    },
  );

  it('begins only beyond the greatest bigint', async () => {
    expect(problemStatusOf(await send(`${api.url}/large_records/9223372036854775807`))).toBe(404);
  });
});

describe('an invalid query', () => {
  it.each([
    ['limit=0', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=10000', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=%zz', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['after=-1', 'after'],
    ['after=x', 'after'],
    ['after=', 'after'],
    ['after=9223372036854775808', 'after'],
    ['after=1&after=2', 'after'],
    ['offset=1', 'offset'],
    ['__proto__=1', '__proto__'],
  ])('?%s is a 400 that names the parameter', async (query, field) => {
    const answer = await send(`${api.url}/list_large?${query}`);
    expect(problemStatusOf(answer)).toBe(400);
    expect(fieldsOf(answer)).toEqual([field]);
  });

  it.each(['limit=1', 'limit=1000', 'after=0', 'after=9223372036854775807', ''])(
    '?%s is invalid',
    async (query) => {
      expect((await send(`${api.url}/list_large?${query}`)).status).toBe(200);
    },
  );
});
