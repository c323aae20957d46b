import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Router } from '@koa/router';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { FollowedOrm } from '../../../src/online-migration/mikro-orm/follow/followed-orm.ts';
import { ApiDocumentation } from '../../support/documented-answers.ts';
import { startNotes } from '../../support/notes/notes-application.ts';
import { addNoteRoutes, notes } from '../../support/notes/notes-feature.ts';
import { createNotesTable, type NotesTable } from '../../support/notes/notes-table.ts';
import { type Answer, send } from '../../support/send.ts';
import type { TestApplication } from '../../support/test-application.ts';

/** Nothing listens on the discard port of this machine. */
const NO_DATABASE = 'postgres://someone@127.0.0.1:9/none';
const TOO_GREAT = 'x'.repeat(100 * 1024 + 1);

const documentation = await ApiDocumentation.of([notes]);
const resources = new AsyncDisposableStack();
let table: NotesTable;
/** A working API, one whose table lacks a column, and one without a database. */
let sound: TestApplication;
let broken: TestApplication;
let cutOff: TestApplication;

beforeAll(async () => {
  table = resources.use(await createNotesTable());
  await table.go('backfilled');
  sound = resources.use(await startNotes(table.url, { requestTimeoutMs: 500 }));
  const spoilt = resources.use(await createNotesTable());
  await spoilt.client.rows('alter table note drop column priority');
  broken = resources.use(await startNotes(spoilt.url));
  cutOff = resources.use(await startNotes(NO_DATABASE, { requestTimeoutMs: 400 }));
});
afterAll(() => resources.disposeAsync());

it('is valid OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(documentation.document));
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
});

it('is valid without features too', async () => {
  const { errors } = await new Validator().validate(
    structuredClone((await ApiDocumentation.of([])).document),
  );
  expect(errors).toBeUndefined();
});

it('is served unchanged', async () => {
  const answer = await send(`${sound.url}/openapi.json`);
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toEqual(documentation.document);
});

it('lists exactly the routes of a feature', () => {
  const router = new Router();
  addNoteRoutes(router, {} as FollowedOrm);
  const routes = router.stack.flatMap(({ path, methods }) =>
    methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${String(path)}`),
  );
  const documented = documentation.operations
    .filter(({ path }) => path.startsWith('/notes'))
    .map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`);
  expect(documented.toSorted()).toEqual(routes.toSorted());
});

it.each([...new Set(documentation.operations.map(({ path }) => path))])(
  '%s accepts these methods',
  async (path) => {
    const { headers } = await send(`${sound.url}${path.replace('{id}', '1')}`, { method: 'OPTIONS' });
    const documented = documentation.operations.filter((operation) => operation.path === path);
    const methods = documented.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    expect(headers.get('Allow')!.split(', ').toSorted()).toEqual(methods.toSorted());
  },
);

describe('every operation answers each of its statuses as documented:', () => {
  it.each(
    documentation.operations.flatMap(({ method, path, operation: { responses } }) =>
      Object.keys(responses)
        .filter((status) => status !== 'default')
        .map((status) => ({ method, path, status: Number(status) })),
    ),
  )('$method $path $status', async ({ method, path, status }) => {
    const answer = await provoke(method, path, status);
    expect(answer.status).toBe(status);
    documentation.assertDocumented(method, path.replace('{id}', '1'), answer);
  });
});

/** Sends a request that must be answered with this status. */
async function provoke(method: string, path: string, status: number): Promise<Answer> {
  const hasBody = method === 'POST' || method === 'PATCH';
  const body = hasBody ? { text: 'x' } : undefined;
  const to = (api: TestApplication, id: string) => `${api.url}${path.replace('{id}', id)}`;
  switch (status) {
    case 400: {
      if (path === '/notes' && method === 'GET') return send(`${sound.url}${path}?limit=0`);
      return send(to(sound, '0'), { method, body: hasBody ? {} : undefined });
    }
    case 404:
      return send(to(sound, '999999'), { method, body });
    case 408:
      return sendHalf(method, to(sound, '1'));
    case 413:
      return send(to(sound, '1'), { method, body: { text: TOO_GREAT } });
    case 415:
      return send(to(sound, '1'), { method, body, type: 'text/plain' });
    case 500:
      return send(to(broken, '1'), { method, body });
    case 503:
      return send(to(cutOff, '1'), { method, body });
    default:
      return send(to(sound, await table.store()), { method, body });
  }
}

/** Sends a body that never ends. */
async function sendHalf(method: string, url: string): Promise<Answer> {
  const outgoing = request(url, { method, headers: { 'Content-Type': 'application/json' } });
  outgoing.write('{"text":');
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const headers = new Headers(response.headers as Record<string, string>);
  const answer = { status: response.statusCode!, headers, text: await text(response) };
  outgoing.destroy();
  return answer;
}
