import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { expect, it } from '@jest/globals';
import { createLargeRecordTable } from './support/large-record-table.ts';
import { send } from './support/send.ts';

function startMain(env: Record<string, string>) {
  return spawn(process.execPath, ['src/main.ts'], {
    env: { ...process.env, HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

it.each(['SIGTERM', 'SIGINT'] as const)('serves until %s and ends with exit code 0', async (signal) => {
  await using table = await createLargeRecordTable('old');
  const main = startMain({ DATABASE_URL: table.url, PORT: '0' });
  const exit = once(main, 'exit');
  const lines = createInterface(main.stdout)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toMatch(/^Database: .*DATABASE_URL/);
  const listening = String((await lines.next()).value);
  expect(listening).toMatch(/^Listening on http:\/\/127\.0\.0\.1:\d+$/);
  expect((await send(`${listening.replace('Listening on ', '')}/list_large`)).status).toBe(200);
  main.kill(signal);
  expect(await exit).toEqual([0, null]);
});

it('ends with exit code 1 and a sentence where the port is in use', async () => {
  await using table = await createLargeRecordTable('old');
  const first = startMain({ DATABASE_URL: table.url, PORT: '0' });
  const exit = once(first, 'exit');
  const lines = createInterface(first.stdout)[Symbol.asyncIterator]();
  await lines.next();
  const { port } = new URL(String((await lines.next()).value).replace('Listening on ', ''));
  const second = startMain({ DATABASE_URL: table.url, PORT: port });
  const [message, [code]] = await Promise.all([text(second.stderr), once(second, 'exit')]);
  expect(message).toBe(
    `Port ${port} of 127.0.0.1 is in use: stop what listens there, or set PORT (0 takes a free one).\n`,
  );
  expect(code).toBe(1);
  first.kill('SIGTERM');
  await exit;
});

it('ends with exit code 1 and a sentence where the configuration is wrong', async () => {
  const main = startMain({ PORT: 'http' });
  const [message, [code]] = await Promise.all([text(main.stderr), once(main, 'exit')]);
  expect(message).toContain('PORT must be');
  expect(code).toBe(1);
});
