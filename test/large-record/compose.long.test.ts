import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithCompose, docker, newComposeStack } from './support/compose.ts';
import { send } from '../support/send.ts';

const IMAGE = 'online-column-change';
const BASE_IMAGE = 'node:24-slim';
const START_LIMIT_MS = 900_000;
const CHANGE_LIMIT_MS = 300_000;
/** Half of an engine's time before it kills a container. */
const STOP_LIMIT_MS = 5_000;
const MEBIBYTE = 1024 ** 2;

describeWithCompose('docker compose up --build -d', () => {
  const stack = newComposeStack();
  const inside = (...command: string[]) => stack.compose('exec', '-T', 'api', ...command);
  const migrate = (...command: string[]) => inside('npx', 'mikro-orm', ...command);
  const status = async () => JSON.parse((await send(`${await stack.url()}/status`)).text) as unknown;
  const page = async () => (await send(`${await stack.url()}/list_large/?limit=100&after=19000`)).text;

  beforeAll(() => stack.up(), START_LIMIT_MS);
  afterAll(async () => stack[Symbol.asyncDispose](), CHANGE_LIMIT_MS);

  it('gives a healthy database and a healthy API, migrated to 0001 by a service that has ended', async () => {
    expect(await stack.state('postgres')).toMatchObject({ Health: { Status: 'healthy' } });
    expect(await stack.state('migrate')).toMatchObject({ Status: 'exited', ExitCode: 0 });
    expect(await status()).toMatchObject({ changes: [{ stage: 'initial', activeColumn: 'created_at' }] });
  });

  it('adds less than 250 MB to the base image, and only the required files', async () => {
    expect((await sizeOf(IMAGE)) - (await sizeOf(BASE_IMAGE))).toBeLessThan(250 * MEBIBYTE);
    expect((await inside('ls', '-A')).trim().split('\n')).toEqual([
      'migrations',
      'mikro-orm.config.ts',
      'node_modules',
      'package.json',
      'src',
      'tsconfig.json',
    ]);
  });

  it('has no password in the image', async () => {
    const image = await docker(['image', 'inspect', IMAGE]);
    const layers = await docker(['history', '--no-trunc', IMAGE]);
    expect(image + layers).not.toContain(stack.password);
    expect(image + layers).not.toContain('DATABASE_URL');
  });

  it('runs as a user who is not root and can write only to /tmp', async () => {
    expect((await inside('id', '--user')).trim()).not.toBe('0');
    for (const folder of ['/app', '/app/src', '/home/node', '/var/tmp']) {
      await expect(inside('touch', `${folder}/file`)).rejects.toThrow('Read-only file system');
    }
    await inside('touch', '/tmp/file');
  });

  it('opens its ports to this machine alone', async () => {
    expect(await stack.compose('port', 'api', '3000')).toMatch(/^127\.0\.0\.1:/);
    expect(await stack.compose('port', 'postgres', '5432')).toMatch(/^127\.0\.0\.1:/);
  });

  it(
    'runs the whole change and its revert inside the container, with the same answers',
    async () => {
      await inside('npm', 'run', 'seed', '--', '--rows', '20000');
      const before = await page();
      expect(await inside('npm', 'run', 'preflight')).toContain('20,000 rows convert');

      await migrate('migration:up', '--to', '0002');
      expect(await inside('npm', 'run', 'status')).toContain('expanded (2 of 6)');
      await migrate('migration:up', '--to', '0003');
      expect(await inside('npm', 'run', 'backfill', '--', 'status')).toContain('20,000');
      for (const name of ['0004', '0005', '0006']) await migrate('migration:up', '--to', name);
      expect(await inside('npm', 'run', 'status')).toContain('renamed (6 of 6)');
      expect(await page()).toBe(before);

      await migrate('migration:down', '--to', '0001');
      expect(await inside('npm', 'run', 'status')).toContain('initial (1 of 6)');
      expect(await page()).toBe(before);
    },
    CHANGE_LIMIT_MS,
  );

  it(
    'keeps the data in a volume, and leaves the table as it is when it comes up again',
    async () => {
      const sent = { method: 'POST', body: { name: 'kept', created_at: '2024-01-01 10:00:00' } };
      const { id } = JSON.parse((await send(`${await stack.url()}/large_records`, sent)).text) as {
        id: number;
      };
      await migrate('migration:up', '--to', '0002');
      await stack.compose('down');
      await stack.up();
      expect(await status()).toMatchObject({ changes: [{ stage: 'expanded' }] });
      expect((await send(`${await stack.url()}/large_records/${id}`)).text).toContain('"kept"');
      await migrate('migration:down', '--to', '0001');
    },
    CHANGE_LIMIT_MS,
  );

  it('ends at once at SIGTERM, with exit code 0', async () => {
    const { signalled, died } = await stack.stop('api');
    expect(died - signalled).toBeLessThan(STOP_LIMIT_MS);
    expect(await stack.state('api')).toMatchObject({ Status: 'exited', ExitCode: 0 });
  });
});

async function sizeOf(image: string): Promise<number> {
  return Number(await docker(['image', 'inspect', '--format', '{{.Size}}', image]));
}
