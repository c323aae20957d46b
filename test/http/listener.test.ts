import { expect, it } from '@jest/globals';
import Koa from 'koa';
import { listen } from '../../src/http/listener.ts';
import { createLog } from '../../src/http/log.ts';
import { createNotesTable } from '../support/notes/notes-table.ts';
import { lockWaiter } from '../support/lock-waits.ts';
import { send } from '../support/send.ts';
import { startNotes } from '../support/notes/notes-application.ts';

const OPTIONS = { requestTimeoutMs: 10_000, log: createLog('silent', { write: () => undefined }) };

it('answers the requests in flight before it closes, and accepts no new ones', async () => {
  await using table = await createNotesTable();
  const api = await startNotes(table.url);
  await table.store();
  await table.lock();
  const inFlight = send(`${api.url}/notes/1`, { method: 'PATCH', body: { text: 'changed' } });
  await lockWaiter(table.url);

  const closed = api[Symbol.asyncDispose]();
  await expect(send(`${api.url}/healthz`)).rejects.toThrow('fetch failed');
  await table.unlock();

  const answer = await inFlight;
  expect(answer.status).toBe(200);
  expect(answer.headers.get('Connection')).toBe('close');
  await closed;
});

it('reports in a sentence that the port is in use', async () => {
  const first = await listen(new Koa(), '127.0.0.1', 0, OPTIONS);
  const { port } = new URL(first.url);
  await expect(listen(new Koa(), '127.0.0.1', Number(port), OPTIONS)).rejects.toThrow(
    `Port ${port} of 127.0.0.1 is in use: stop the other server, or set PORT (0 takes a free one).`,
  );
  await first.close(0);
});

it('reports in a sentence that the host is not an address of this machine', async () => {
  await expect(listen(new Koa(), '192.0.2.1', 0, OPTIONS)).rejects.toThrow(
    '192.0.2.1 is not an address of this machine',
  );
});

it('puts an IPv6 address into brackets', async () => {
  const listener = await listen(new Koa(), '::1', 0, OPTIONS);
  expect(listener.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  expect((await send(listener.url)).status).toBe(404);
  await listener.close(0);
});
