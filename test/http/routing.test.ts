import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLargeRecordTable, type LargeRecordTable } from '../large-record/support/large-record-table.ts';
import { send } from '../support/send.ts';
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

it.each([
  ['GET', '/nothing'],
  ['POST', '/nothing'],
  ['PROPFIND', '/nothing'],
  ['OPTIONS', '/nothing'],
  ['GET', '//list_large'],
  ['GET', '/LIST_LARGE'],
  ['GET', '/large_records/1/2'],
  ['GET', '/%zz'],
])('%s %s is a 404', async (method, path) => {
  const answer = await send(`${api.url}${path}`, { method });
  expect(answer.status).toBe(404);
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  expect(JSON.parse(answer.text)).toMatchObject({ status: 404, title: 'Not Found' });
});

it.each([
  ['POST', '/list_large', 'GET, HEAD'],
  ['DELETE', '/list_large/', 'GET, HEAD'],
  ['GET', '/large_records', 'POST'],
  ['PUT', '/large_records/1', 'DELETE, GET, HEAD, PATCH'],
  ['PROPFIND', '/large_records/1', 'DELETE, GET, HEAD, PATCH'],
  ['POST', '/status', 'GET, HEAD'],
  ['POST', '/healthz', 'GET, HEAD'],
  ['POST', '/readyz', 'GET, HEAD'],
])('%s %s is a 405 that allows %s', async (method, path, allowed) => {
  const answer = await send(`${api.url}${path}`, { method });
  expect(answer.status).toBe(405);
  expect(answer.headers.get('Allow')!.split(', ').toSorted().join(', ')).toBe(allowed);
  expect(JSON.parse(answer.text)).toMatchObject({ status: 405, title: 'Method Not Allowed' });
});

describe.each(['/list_large', '/large_records/1', '/large_records/999', '/status', '/nothing'])(
  'HEAD %s',
  (path) => {
    it('has the headers of GET and no body', async () => {
      const get = await send(`${api.url}${path}`);
      const head = await send(`${api.url}${path}`, { method: 'HEAD' });
      expect(head).toMatchObject({ status: get.status, text: '' });
      for (const header of ['Content-Type', 'Content-Length']) {
        expect(head.headers.get(header)).toBe(get.headers.get(header));
      }
    });
  },
);

it.each([
  ['/list_large', 'GET, HEAD'],
  ['/large_records', 'POST'],
  ['/large_records/1', 'DELETE, GET, HEAD, PATCH'],
])('OPTIONS %s lists %s', async (path, allowed) => {
  const answer = await send(`${api.url}${path}`, { method: 'OPTIONS' });
  expect(answer).toMatchObject({ status: 200, text: '' });
  expect(answer.headers.get('Allow')!.split(', ').toSorted().join(', ')).toBe(allowed);
});
