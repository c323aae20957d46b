import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe } from '@jest/globals';

const PROJECT_FOLDER = join(import.meta.dirname, '../../..');
/** The base images of `docker-compose.yml` and the `Dockerfile`. */
const BASE_IMAGES = ['node:24-slim', 'postgres:18-alpine'];
const ANSWER_LIMIT_MS = 10_000;
const PULL_LIMIT_MS = 300_000;
const START_LIMIT_MS = 60_000;

const MISSING = whatIsMissing();
const describeOrSkip = MISSING === undefined ? describe : describe.skip;

/** A block of tests that run `docker compose` for real. If it is unavailable, they are skipped with a message. */
export function describeWithCompose(what: string, tests: () => void): void {
  const title = MISSING === undefined ? what : `${what} (SKIPPED: needs ${MISSING})`;
  if (MISSING !== undefined) console.warn(title);
  describeOrSkip(title, tests);
}

/** Docker's data of a container. */
export interface ContainerState {
  readonly Status: string;
  readonly ExitCode: number;
  readonly Health?: { readonly Status: string };
}

/** The services of `docker-compose.yml` under their own name, volume and ports. */
export interface ComposeStack extends AsyncDisposable {
  /** The password of its database. */
  readonly password: string;
  /**
   * Runs `docker compose …` until it ends.
   * @returns its standard output, then its standard error
   * @throws Error with its output if the exit code is not 0
   */
  compose(...args: string[]): Promise<string>;
  /** Starts the services, as in the README, and waits until the API is healthy. */
  up(): Promise<void>;
  /**
   * Stops a service and measures the time by the engine's events, because its command line is slow.
   * @returns when the signal was sent and when the container had ended, in milliseconds
   */
  stop(service: string): Promise<{ readonly signalled: number; readonly died: number }>;
  /** The state of a service's container, even if it has ended. */
  state(service: string): Promise<ContainerState>;
  /** The API's URL; it differs after each start. */
  url(): Promise<string>;
}

/** Names a new stack without starting it. Disposing of it removes everything except the image. */
export function newComposeStack(): ComposeStack {
  const password = randomBytes(12).toString('hex');
  const project = `compose-test-${randomBytes(4).toString('hex')}`;
  const environment = { POSTGRES_PASSWORD: password, POSTGRES_PORT: '0', API_PORT: '0' };
  const compose = (...args: string[]) => docker(['compose', '--project-name', project, ...args], environment);
  const containerOf = async (service: string) => (await compose('ps', '--all', '--quiet', service)).trim();
  const state = async (service: string) =>
    JSON.parse(
      await docker(['inspect', '--format', '{{json .State}}', await containerOf(service)]),
    ) as ContainerState;
  return {
    password,
    compose,
    state,
    async up() {
      await compose('up', '--build', '-d');
      const deadline = performance.now() + START_LIMIT_MS;
      while ((await state('api')).Health?.Status !== 'healthy') {
        if (performance.now() > deadline) throw new Error(await compose('logs'));
        await delay(500);
      }
    },
    async stop(service) {
      const container = await containerOf(service);
      const begin = Date.now();
      await compose('stop', service);
      const events = await docker([
        'events',
        `--since=${Math.floor(begin / 1_000)}`,
        '--until=0s',
        `--filter=container=${container}`,
        '--format={{.Action}} {{.TimeNano}}',
      ]);
      const timeOf = (action: string) => {
        const line = events.split('\n').find((event) => event.startsWith(`${action} `));
        if (line === undefined) throw new Error(`No "${action}" among the engine's events:\n${events}`);
        return Number(line.split(' ')[1]) / 1e6;
      };
      return { signalled: timeOf('kill'), died: timeOf('die') };
    },
    url: async () => `http://${(await compose('port', 'api', '3000')).trim()}`,
    async [Symbol.asyncDispose]() {
      await compose('down', '--volumes');
    },
  };
}

/**
 * Runs `docker …` until it ends.
 * @returns its standard output, then its standard error
 * @throws Error with its output if the exit code is not 0
 */
export async function docker(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)('docker', args, {
    cwd: PROJECT_FOLDER,
    env: { ...process.env, ...environment },
  }).catch((error: Error & { stdout: string; stderr: string }) => {
    throw new Error(`docker ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`);
  });
  return stdout + stderr;
}

function whatIsMissing(): string | undefined {
  if (!succeeds(['compose', 'version'])) return 'docker compose';
  if (!succeeds(['info'])) return 'a container engine that answers';
  return BASE_IMAGES.find(
    (image) => !succeeds(['image', 'inspect', image]) && !succeeds(['pull', image], PULL_LIMIT_MS),
  );
}

function succeeds(args: readonly string[], timeout = ANSWER_LIMIT_MS): boolean {
  return spawnSync('docker', args, { timeout }).status === 0;
}
