import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Router } from '@koa/router';
import { Validator } from '@seriousme/openapi-schema-validator';
import { apiDocument } from '../../../src/http/application.ts';
import type { LargeRecordRepository } from '../../../src/large-record/repository.ts';
import { addLargeRecordRoutes } from '../../../src/large-record/routes.ts';
import { assertDocumented, documentedOperations } from '../../support/documented-answers.ts';
import { createLargeRecordTableAfter, type LargeRecordTable } from '../../large-record/support/large-record-table.ts';
import { type Answer, send } from '../../support/send.ts';
import { startTestApplication, type TestApplication } from '../../support/test-application.ts';

/** Nothing listens on the discard port of this machine. */
const NO_DATABASE = 'postgres://someone@127.0.0.1:9/none';
const MOMENT = '2024-01-01 10:00:00';
const TOO_GREAT = 'x'.repeat(100 * 1024 + 1);

const resources = new AsyncDisposableStack();
let table: LargeRecordTable;
/** The API as it should be, one whose table has lost its column, and one without a database. */
let sound: TestApplication;
let broken: TestApplication;
let cutOff: TestApplication;

beforeAll(async () => {
  table = resources.use(await createLargeRecordTableAfter('0003'));
  sound = resources.use(await startTestApplication(table.url, { requestTimeoutMs: 500 }));
  const spoilt = resources.use(await createLargeRecordTableAfter('0001'));
  await spoilt.client.query('alter table large_record drop column created_at');
  broken = resources.use(await startTestApplication(spoilt.url));
  cutOff = resources.use(await startTestApplication(NO_DATABASE, { requestTimeoutMs: 400 }));
});
afterAll(() => resources.disposeAsync());

it('is valid OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(apiDocument));
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
});

it('is served as it is', async () => {
  const answer = await send(`${sound.url}/openapi.json`);
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toEqual(apiDocument);
});

it('has every route of the records, and no other', () => {
  const router = new Router();
  addLargeRecordRoutes(router, {} as LargeRecordRepository);
  const routes = router.stack.flatMap(({ path, methods }) =>
    methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${String(path)}`),
  );
  const documented = documentedOperations
    .filter(({ path }) => path.includes('large'))
    .map(({ method, path }) => `${method} ${path.replace(/\/$/, '').replaceAll(/\{(\w+)\}/g, ':$1')}`);
  expect(documented.toSorted()).toEqual(routes.toSorted());
});

it.each([...new Set(documentedOperations.map(({ path }) => path))])(
  '%s takes these methods',
  async (path) => {
    const { headers } = await send(`${sound.url}${path.replace('{id}', '1')}`, { method: 'OPTIONS' });
    const documented = documentedOperations.filter((operation) => operation.path === path);
    const methods = documented.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    expect(headers.get('Allow')!.split(', ').toSorted()).toEqual(methods.toSorted());
  },
);

describe('every operation answers every status that it has, as it is documented:', () => {
  it.each(
    documentedOperations.flatMap(({ method, path, operation: { responses } }) =>
      Object.keys(responses)
        .filter((status) => status !== 'default')
        .map((status) => ({ method, path, status: Number(status) })),
    ),
  )('$method $path $status', async ({ method, path, status }) => {
    const answer = await provoke(method, path, status);
    expect(answer.status).toBe(status);
    assertDocumented(method, path.replace('{id}', '1'), answer);
  });
});

/** Sends what is to be answered with this status. */
async function provoke(method: string, path: string, status: number): Promise<Answer> {
  const hasBody = method === 'POST' || method === 'PATCH';
  const body = hasBody ? { name: 'x', created_at: MOMENT } : undefined;
  const to = (api: TestApplication, id: string) => `${api.url}${path.replace('{id}', id)}`;
  switch (status) {
    case 400: {
      if (path === '/list_large/') return send(`${sound.url}${path}?limit=0`);
      return send(to(sound, '0'), { method, body: hasBody ? {} : undefined });
    }
    case 404:
      return send(to(sound, '999999'), { method, body });
    case 408:
      return sendHalf(method, to(sound, '1'));
    case 413:
      return send(to(sound, '1'), { method, body: { name: TOO_GREAT } });
    case 415:
      return send(to(sound, '1'), { method, body, type: 'text/plain' });
    case 500:
      return send(to(broken, '1'), { method, body });
    case 503:
      return send(to(cutOff, '1'), { method, body });
    default:
      return send(to(sound, await table.store('x', MOMENT)), { method, body });
  }
}

/** Sends a body that never ends. */
async function sendHalf(method: string, url: string): Promise<Answer> {
  const outgoing = request(url, { method, headers: { 'Content-Type': 'application/json' } });
  outgoing.write('{"name":');
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const headers = new Headers(response.headers as Record<string, string>);
  const answer = { status: response.statusCode!, headers, text: await text(response) };
  outgoing.destroy();
  return answer;
}
