import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Sample } from '../../../src/http/live/sampler.ts';
import { connect } from '../../support/database-client.ts';
import { startNotes, startNotesProcess } from '../../support/notes/notes-application.ts';
import { createNotesTable, type NotesTable } from '../../support/notes/notes-table.ts';
import { send } from '../../support/send.ts';
import { startTestApplication } from '../../support/test-application.ts';

const PAGES = 5;

const resources = new AsyncDisposableStack();
let table: NotesTable;

beforeAll(async () => {
  table = resources.use(await createNotesTable());
  await table.go('expanded');
});
afterAll(() => resources.disposeAsync());

/** An open page and its samples. */
interface Page extends AsyncDisposable {
  readonly headers: IncomingMessage['headers'];
  next(): Promise<Sample | undefined>;
}

async function openPage(apiUrl: string): Promise<Page> {
  const request = get(`${apiUrl}/live/events`);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const lines = createInterface(response)[Symbol.asyncIterator]();
  return {
    headers: response.headers,
    async next() {
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        if (line.value.startsWith('data: ')) return JSON.parse(line.value.slice('data: '.length)) as Sample;
      }
      return undefined;
    },
    async [Symbol.asyncDispose]() {
      response.destroy();
    },
  };
}

const countObservers = () =>
  table.client.value<number>(`
    select count(*)::int from pg_stat_activity
    where datname = current_database() and application_name = 'online-migration observer'`);

it('sends the stage and the requests to every page, with one connection for all pages and none without a page', async () => {
  await using api = await startNotes(table.url);
  expect(await countObservers()).toBe(0);
  const pages = [];
  for (let index = 0; index < PAGES; index++) pages.push(await openPage(api.url));
  expect(pages[0]!.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  await send(`${api.url}/notes/`);
  for (const page of pages) {
    const seconds: Sample['seconds'][number][] = [];
    const stages = new Set<string | undefined>();
    while (!seconds.some(({ requests }) => requests === 1)) {
      const sample = (await page.next())!;
      seconds.push(...sample.seconds);
      stages.add(sample.overview?.stage);
    }
    expect([...stages]).toContain('expanded');
    const times = seconds.map(({ at }) => at);
    expect(times).toEqual(times.map((_, index) => times[0]! + index));
  }
  expect(await countObservers()).toBe(1);
  for (const page of pages) await page[Symbol.asyncDispose]();
  while ((await countObservers()) > 0);
});

it('shows a stage soon after its commit, and reports a missing table', async () => {
  await using api = await startNotes(table.url);
  await using page = await openPage(api.url);
  for (const stage of ['backfilled', 'initial'] as const) {
    await table.go(stage);
    while ((await page.next())!.overview?.stage !== stage);
  }
  await table.client.rows(`alter table note rename to away`);
  let problem: string | null;
  do problem = (await page.next())!.problem;
  while (problem === null);
  expect(problem).toContain('does not exist: run the migration that creates it');
  await table.client.rows(`alter table away rename to note`);
  while ((await page.next())!.overview === null);
});

it('still shows requests while the database is unavailable, and recovers with it', async () => {
  await using api = await startNotes(table.url);
  await using page = await openPage(api.url);
  while ((await page.next())!.overview === null);
  await table.client.rows(`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'online-migration observer'`);
  let sample: Sample;
  do sample = (await page.next())!;
  while (sample.problem === null);
  expect(sample).toMatchObject({
    overview: null,
    problem: expect.stringMatching(/^The database does not answer: /),
  });
  while ((await page.next())!.overview === null);
});

it('does not show names of the role or the database when a login fails', async () => {
  const secret = new URL(table.url);
  secret.username = 'secret_role';
  await using api = await startNotes(secret.href);
  await using page = await openPage(api.url);
  let sample: Sample;
  do sample = (await page.next())!;
  while (sample.problem === null);
  expect(sample.problem).toMatch(/^The database does not answer: \w+\.$/);
  expect(JSON.stringify(sample)).not.toMatch(/secret_role|postgres/);
});

it('an open page does not delay the end of the process', async () => {
  const api = await startNotesProcess(table.url, { REQUEST_TIMEOUT_MS: '600000' });
  await using page = await openPage(api.url);
  await page.next();
  api.process.kill('SIGTERM');
  while ((await page.next()) !== undefined);
  expect(await api.exitCode).toBe(0);
});

it('does not show other sessions’ statements', async () => {
  await using api = await startNotes(table.url);
  await using other = await connect(table.url, 'other');
  await other.rows(`begin`);
  await other.rows(`select 'a secret'`);
  await using page = await openPage(api.url);
  let sample: Sample;
  do sample = (await page.next())!;
  while (sample.overview === null);
  expect(JSON.stringify(sample)).not.toContain('secret');
  await other.rows(`rollback`);
});

it('reports that no feature has a change', async () => {
  await using api = await startTestApplication(table.url, {}, []);
  await using page = await openPage(api.url);
  expect(await page.next()).toMatchObject({
    overview: null,
    problem: 'No feature of the application has a column change.',
  });
});
