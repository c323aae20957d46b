import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { features } from '../../src/features.ts';
import { type ApiProcess, startApiProcess } from '../support/api-process.ts';
import { connect, type DatabaseClient } from '../support/database-client.ts';
import { ApiDocumentation } from '../support/documented-answers.ts';
import type { Effect, HostileRequest } from './support/hostile-requests/hostile-request.ts';
import { makeHostileRequests } from './support/hostile-requests/make-hostile-requests.ts';
import { createMigratedDatabase } from '../support/migrator.ts';
import { exchangeRaw, type RawAnswer } from '../support/raw-http.ts';
import { SEED } from '../support/seeded-random.ts';
import { insertRows } from '../support/seeded-table.ts';
import { send } from '../support/send.ts';

const REQUESTS = 1_000;
/** Enough records for each request to use its own. */
const ROWS = 2_000;
/** More than the slow requests, which run concurrently. */
const CONNECTIONS = 40;
const RUN_MS = 240_000;

const documentation = await ApiDocumentation.of(features);

type Row = Readonly<{ id: number; name: string; created_at: string }>;

const resources = new AsyncDisposableStack();
let client: DatabaseClient;
let api: ApiProcess;

beforeAll(async () => {
  const { url } = resources.use(await createMigratedDatabase('0001'));
  client = resources.use(await connect(url));
  await insertRows(client, ROWS);
  api = resources.use(await startApiProcess(url, { REQUEST_TIMEOUT_MS: '4000' }));
});
afterAll(() => resources.disposeAsync());

const readRows = () => client.rows<Row>(`select id::int, name, created_at from large_record order by id`);

/** All other objects: relations, their columns, functions and roles. */
const readCatalog = () =>
  client.rows(`
    select 'column', a.attrelid::regclass::text, a.attname::text, a.atttypid::regtype::text
    from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace = 'public'::regnamespace
    union all select 'function', p.oid::regprocedure::text, null, null from pg_proc p where p.pronamespace = 'public'::regnamespace
    -- Other tests make roles of their own at the same time.
    union all select 'role', rolname, null, null from pg_roles where rolname !~ '^(pg_|role_[0-9a-f]{12}$)'
    order by 1, 2, 3`);

it(
  `${REQUESTS} wrong and hostile requests do no harm`,
  async () => {
    const requests = makeHostileRequests(documentation, SEED, ROWS, REQUESTS);
    const rows = new Map((await readRows()).map((row) => [row.id, row]));
    const catalog = await readCatalog();
    const failures: string[] = [];
    const statuses = new Map<string, number>();

    const queue = requests.entries();
    const work = async () => {
      for (const [index, request] of queue) {
        const what = `Request ${index}, ${request.kind}`;
        try {
          const { answers, rest } = await exchangeRaw(api.url, request.write, request.isHead);
          if (rest !== '') throw new Error(`half an answer: ${rest}`);
          for (const { status } of answers) {
            const key = `${request.kind}: ${status}`;
            statuses.set(key, (statuses.get(key) ?? 0) + 1);
          }
          check(request, answers);
          request.expected?.forEach((effect, place) => apply(rows, effect, answers[place]!));
        } catch (error) {
          failures.push(`${what}: ${(error as Error).message}`);
        }
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, work));

    expect(failures).toEqual([]);
    expect(await readRows()).toEqual([...rows.values()].toSorted((a, b) => a.id - b.id));
    expect(await readCatalog()).toEqual(catalog);
    console.log([...statuses].map(([key, count]) => `${key} ×${count}`).join('\n'));
  },
  RUN_MS,
);

it('the process is alive, answers, and has logged only requests', async () => {
  expect(api.process.exitCode).toBeNull();
  expect((await send(`${api.url}/readyz`)).status).toBe(200);
  const created = await send(`${api.url}/large_records`, { method: 'POST', body: { name: 'afterwards' } });
  expect(created.status).toBe(201);
  const lines = api
    .output()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: string; msg: string });
  expect(lines.filter(({ level }) => level !== 'info').map(({ msg }) => msg)).toEqual([
    expect.stringMatching(/^Database: /),
    expect.stringMatching(/^Listening on /),
  ]);
});

/** @throws Error if an answer is not as expected */
function check({ documented, expected, isHead }: HostileRequest, answers: readonly RawAnswer[]): void {
  for (const { status, headers, body } of answers) {
    if (status >= 500) throw new Error(`answered ${status} ${body}`);
    if (headers.get('X-Request-Id') === null) throw new Error(`answered ${status} without an id`);
    if (status >= 400 && !isHead) documentation.assertProblem(`answered ${status}`, body);
    if (documented) {
      const { method, path } = documented;
      documentation.assertDocumented(method, path, { status, headers, text: body });
    }
  }
  if (expected === null) {
    return;
  }
  const seen = answers.map(({ status }) => (status < 300 ? 'done' : 'refused'));
  const wanted = expected.map((effect) => (effect === 'refused' ? 'refused' : 'done'));
  if (seen.join() !== wanted.join()) {
    throw new Error(`answered ${JSON.stringify(answers)} instead of ${wanted.join()}`);
  }
}

/** Applies the request's effect to the expected rows. */
function apply(rows: Map<number, Row>, effect: Effect | 'refused', { body }: RawAnswer): void {
  if (effect === 'refused' || effect.does === 'nothing') return;
  if (effect.does === 'remove') {
    rows.delete(effect.id);
    return;
  }
  const answered = JSON.parse(body) as Row;
  const id = effect.does === 'create' ? answered.id : effect.id;
  const before = rows.get(id);
  const row = {
    id,
    name: effect.name ?? before!.name,
    created_at: effect.createdAt ?? before?.created_at ?? answered.created_at,
  };
  expect(answered).toEqual(row);
  rows.set(id, row);
}
