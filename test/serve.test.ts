import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expect, it } from '@jest/globals';
import type { ApiProcess } from './support/api-process.ts';
import { type RunningCommand, startInTerminal, startNode } from './support/command-line.ts';
import { startHangingProxy } from './support/hanging-proxy.ts';
import { SERVE_NOTES, startNotesProcess } from './support/notes/notes-application.ts';
import { createNotesTable } from './support/notes/notes-table.ts';
import { lockWaiter } from './support/lock-waits.ts';
import { type Answer, send } from './support/send.ts';
import { describeInTerminal } from './support/terminal.ts';

/** Long enough for a request to `/readyz` on a busy machine. */
const SHUTDOWN_DELAY_MS = '3000';

function startMain(env: Record<string, string>): RunningCommand {
  return startNode([SERVE_NOTES], { HOST: '127.0.0.1', PORT: '0', ...env });
}

/** Resolves with the first answer of this status. */
async function answering(url: string, status: number): Promise<Answer> {
  for (;;) {
    const answer = await send(url);
    if (answer.status === status) return answer;
  }
}

/** The log messages; the process prints nothing else. */
const messagesOf = (main: RunningCommand) =>
  main
    .output()
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { msg: string }).msg);

const stop = (api: ApiProcess) => api.process.kill('SIGTERM');

it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  'serves until %s and ends with exit code 0',
  async (signal) => {
    await using table = await createNotesTable();
    await using api = await startNotesProcess(table.url);
    expect(messagesOf(api)).toEqual([
      expect.stringMatching(/^Database: .*DATABASE_URL\)$/),
      expect.stringMatching(/^Listening on http:\/\/127\.0\.0\.1:\d+$/),
    ]);
    expect((await send(`${api.url}/notes`)).status).toBe(200);
    api.process.kill(signal);
    expect(await api.exitCode).toBe(0);
  },
);

it.each([
  ['info', ['Database: ', 'Listening on ', 'GET /healthz answered 200', 'POST /notes answered 503: ']],
  ['notice', ['Database: ', 'Listening on ', 'POST /notes answered 503: ']],
])('logs as JSON what LOG_LEVEL=%s asks for, to the last line', async (LOG_LEVEL, beginnings) => {
  await using table = await createNotesTable();
  await table.client.rows('drop table note');
  await using api = await startNotesProcess(table.url, { LOG_LEVEL });
  await send(`${api.url}/healthz`);
  await send(`${api.url}/notes`, { method: 'POST', body: { text: 'x' } });
  stop(api);
  expect(await api.exitCode).toBe(0);
  expect(messagesOf(api)).toEqual(beginnings.map((text) => expect.stringMatching(new RegExp(`^${text}`))));
});

it('at SIGTERM reports that it is not ready, still serves, answers the requests in flight, and leaves no session', async () => {
  await using table = await createNotesTable();
  const id = await table.store();
  await using api = await startNotesProcess(table.url, { SHUTDOWN_DELAY_MS });
  await table.lock();
  const inFlight = send(`${api.url}/notes/${id}`, { method: 'PATCH', body: { text: 'changed' } });
  await lockWaiter(table.url);
  expect((await send(`${api.url}/readyz`)).status).toBe(200);

  stop(api);
  const notReady = await answering(`${api.url}/readyz`, 503);
  expect(notReady.text).toContain('This process is shutting down.');
  expect((await send(`${api.url}/notes`)).status).toBe(200);
  while (await send(`${api.url}/healthz`).then(Boolean, () => false));
  await table.unlock();

  expect((await inFlight).text).toContain('"text":"changed"');
  expect(await api.exitCode).toBe(0);
  expect(
    await table.client.rows(
      `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    ),
  ).toEqual([]);
});

describeInTerminal('in a terminal that closes', () => {
  it('answers the requests in flight, and leaves no session', async () => {
    await using table = await createNotesTable();
    const id = await table.store();
    const terminal = startInTerminal(SERVE_NOTES, {
      DATABASE_URL: table.url,
      HOST: '127.0.0.1',
      PORT: '0',
      SHUTDOWN_DELAY_MS,
    });
    await terminal.printed(/Listening on \S+/);
    const [url] = /http:\S+?:\d+/.exec(terminal.output())!;
    await table.lock();
    const inFlight = send(`${url}/notes/${id}`, { method: 'PATCH', body: { text: 'changed' } });
    await lockWaiter(table.url);
    terminal.process.kill('SIGKILL');
    await answering(`${url}/readyz`, 503);
    await table.unlock();
    expect((await inFlight).text).toContain('"text":"changed"');
    while (await send(`${url}/healthz`).then(Boolean, () => false));
    const others = `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
    while ((await table.client.rows(others)).length > 0);
  });
});

it('ends at SIGTERM with exit code 0 while the database is silent', async () => {
  await using table = await createNotesTable();
  await using proxy = await startHangingProxy(table.url);
  await using api = await startNotesProcess(proxy.url, { REQUEST_TIMEOUT_MS: '1000' });
  proxy.hang();
  const inFlight = request(`${api.url}/notes`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Expect: '100-continue' },
  });
  inFlight.flushHeaders();
  await once(inFlight, 'continue');
  stop(api);
  inFlight.end('{"text":"Note 1"}');
  const [response] = (await once(inFlight, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(503);
  expect(await api.exitCode).toBe(0);
});

it('waits for the database, logs it, and serves when the database is available', async () => {
  await using table = await createNotesTable();
  const away = await startHangingProxy(table.url);
  await away[Symbol.asyncDispose]();
  const main = startMain({ DATABASE_URL: away.url });
  await main.printed(/"Waiting up to 60 s for postgres(ql)?:.*ECONNREFUSED/);
  await using _back = await startHangingProxy(table.url, Number(new URL(away.url).port));
  await main.printed(/"Database: .*\n.*"Listening on /);
  main.process.kill('SIGTERM');
  expect(await main.exitCode).toBe(0);
});

it('ends with exit code 1 and a sentence if the database does not become available', async () => {
  const main = startMain({
    DATABASE_URL: 'postgresql://app:s3cret@127.0.0.1:9/app',
    DATABASE_WAIT_MS: '300',
  });
  expect(await main.exitCode).toBe(1);
  const [waiting, sentence, ...more] = main.output().split('\n');
  expect(JSON.parse(waiting!).msg).toMatch(
    /^Waiting up to 0\.3 s for postgresql:\/\/app@127\.0\.0\.1:9\/app: connect ECONNREFUSED/,
  );
  expect(sentence).toMatch(/^The database postgresql:\/\/app@127\.0\.0\.1:9\/app cannot be used: /);
  expect(more).toEqual(['']);
});

it('ends with exit code 1 and a sentence if the port is in use', async () => {
  await using table = await createNotesTable();
  await using first = await startNotesProcess(table.url);
  const { port } = new URL(first.url);
  const second = startMain({ DATABASE_URL: table.url, PORT: port });
  expect(await second.exitCode).toBe(1);
  expect(second.output()).toContain(
    `Port ${port} of 127.0.0.1 is in use: stop the other server, or set PORT (0 takes a free one).\n`,
  );
});

it.each([
  [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be one of debug, info, notice, warn, error, silent.\n'],
  [{ PORT: 'http' }, 'PORT must be a whole number from 0 to 65535.\n'],
  [
    { ACTIVE_COLUMN: 'created' },
    'ACTIVE_COLUMN is "created": set it to auto, or to a column to stay on: priority, priority_new.\n',
  ],
])('ends with exit code 1 and a sentence if the configuration is wrong: %j', async (env, sentence) => {
  await using table = await createNotesTable();
  const main = startMain({ DATABASE_URL: table.url, ...env });
  expect(await main.exitCode).toBe(1);
  expect(main.output().split('\n').slice(-2).join('\n')).toBe(sentence);
});
