import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createNotesTable, type NotesTable } from '../support/notes/notes-table.ts';
import { send } from '../support/send.ts';
import { startNotes } from '../support/notes/notes-application.ts';
import type { TestApplication } from '../support/test-application.ts';

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

it.each([
  ['GET', '/nothing'],
  ['POST', '/nothing'],
  ['PROPFIND', '/nothing'],
  ['OPTIONS', '/nothing'],
  ['GET', '//notes'],
  ['GET', '/NOTES'],
  ['GET', '/notes/1/2'],
  ['GET', '/%zz'],
])('%s %s is a 404', async (method, path) => {
  const answer = await send(`${api.url}${path}`, { method });
  expect(answer.status).toBe(404);
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  expect(JSON.parse(answer.text)).toMatchObject({ status: 404, title: 'Not Found' });
});

it.each([
  ['DELETE', '/notes', 'GET, HEAD, POST'],
  ['PUT', '/notes/', 'GET, HEAD, POST'],
  ['PUT', '/notes/1', 'DELETE, GET, HEAD, PATCH'],
  ['PROPFIND', '/notes/1', 'DELETE, GET, HEAD, PATCH'],
  ['POST', '/status', 'GET, HEAD'],
  ['POST', '/healthz', 'GET, HEAD'],
  ['POST', '/readyz', 'GET, HEAD'],
])('%s %s is a 405 that allows %s', async (method, path, allowed) => {
  const answer = await send(`${api.url}${path}`, { method });
  expect(answer.status).toBe(405);
  expect(answer.headers.get('Allow')!.split(', ').toSorted().join(', ')).toBe(allowed);
  expect(JSON.parse(answer.text)).toMatchObject({ status: 405, title: 'Method Not Allowed' });
});

describe.each(['/notes', '/notes/1', '/notes/999', '/status', '/nothing'])('HEAD %s', (path) => {
  it('has the headers of GET and no body', async () => {
    const get = await send(`${api.url}${path}`);
    const head = await send(`${api.url}${path}`, { method: 'HEAD' });
    expect(head).toMatchObject({ status: get.status, text: '' });
    for (const header of ['Content-Type', 'Content-Length']) {
      expect(head.headers.get(header)).toBe(get.headers.get(header));
    }
  });
});

it.each([
  ['/notes', 'GET, HEAD, POST'],
  ['/notes/1', 'DELETE, GET, HEAD, PATCH'],
])('OPTIONS %s lists %s', async (path, allowed) => {
  const answer = await send(`${api.url}${path}`, { method: 'OPTIONS' });
  expect(answer).toMatchObject({ status: 200, text: '' });
  expect(answer.headers.get('Allow')!.split(', ').toSorted().join(', ')).toBe(allowed);
});
