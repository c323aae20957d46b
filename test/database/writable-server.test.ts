import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { awaitWritableServer } from '../../src/database/writable-server.ts';
import { startHangingProxy } from '../support/hanging-proxy.ts';
import { hostOf, type ServerPair, startServerPair } from '../support/server-pair.ts';

/** Nothing listens on the discard port of this machine. */
const NOBODY = '127.0.0.1:9';

let servers: ServerPair;

beforeAll(async () => {
  servers = await startServerPair();
});
afterAll(async () => servers[Symbol.asyncDispose]());

async function failing(url: string, waitMs = 0): Promise<{ message: string; log: string[] }> {
  const log: string[] = [];
  const { message } = await awaitWritableServer(url, waitMs, (line) => log.push(line)).then(
    () => new Error('It did not fail.'),
    (error: Error) => error,
  );
  return { message, log };
}

describe('awaitWritableServer', () => {
  it('finds the server at once, and logs nothing', async () => {
    const log: string[] = [];
    const url = servers.primary.url();
    expect(await awaitWritableServer(url, 0, (line) => log.push(line))).toBe(url);
    expect(log).toEqual([]);
  });

  it('waits for a server that has not started yet, and logs it', async () => {
    const { url } = await startAndStopProxy();
    const told = Promise.withResolvers<string>();
    const found = awaitWritableServer(url, 60_000, told.resolve);
    expect(await told.promise).toMatch(
      /^Waiting up to 60 s for postgresql:\/\/postgres@127\.0\.0\.1:\d+\/postgres: connect ECONNREFUSED/,
    );
    await using _back = await startHangingProxy(servers.primary.url(), Number(new URL(url).port));
    expect(await found).toBe(url);
  });

  it('fails with a sentence without the password', async () => {
    expect((await failing(servers.url(NOBODY))).message).toBe(
      'The database postgresql://postgres@127.0.0.1:9/postgres cannot be used: connect ECONNREFUSED 127.0.0.1:9. ' +
        'Start it, or correct DATABASE_URL, then run the same command again.',
    );
  });

  it('does not wait after a permanent error', async () => {
    const { message, log } = await failing(servers.primary.url('of_nobody'), 60_000);
    expect(message).toContain('database "of_nobody" does not exist');
    expect(log).toEqual([]);
  });

  it.each([
    ['not there', () => NOBODY],
    ['a standby', () => hostOf(servers.standby)],
  ])('takes the second server where the first is %s', async (_, first) => {
    const url = servers.url(first(), hostOf(servers.primary));
    expect(await awaitWritableServer(url, 0, () => undefined)).toBe(servers.primary.url());
  });

  it('rejects read-only servers and names them all', async () => {
    const { message } = await failing(servers.url(NOBODY, hostOf(servers.standby)));
    expect(message).toContain(
      `The database postgresql://postgres@${NOBODY}/postgres or ` +
        `postgresql://postgres@${hostOf(servers.standby)}/postgres cannot be used: The server is read-only.`,
    );
  });
});

/** An address that is free now and can be used later. */
async function startAndStopProxy(): Promise<{ url: string }> {
  await using proxy = await startHangingProxy(servers.primary.url());
  return { url: proxy.url };
}
