import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PostgreSqlContainer } from '@testcontainers/postgresql';
import { Wait } from 'testcontainers';
import { readConfig } from '../../src/config.ts';
import { printableUrl } from '../../src/database/connection-url.ts';
import { startThrowawayPostgres } from '../../src/database/throwaway-postgres.ts';

/** The server for the databases of a test run. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** One line for people, without the password. */
  readonly description: string;
}

const IMAGE = 'postgres:18-alpine';
/** Settings for tests: data need not survive a crash of the machine, and each file has its own pools. */
export const TEST_SERVER_SETTINGS = { fsync: 'off', max_connections: '200' };
/** Logged by the temporary server that creates the cluster (socket only), and then by the permanent one. */
const READY = { message: /database system is ready to accept connections/, times: 2 };
/** Longer than any test run. */
const NEVER_MS = 86_400_000;

/**
 * Uses TEST_DATABASE_URL; otherwise a container, if an engine answers and has the image; otherwise a throwaway server.
 */
export async function startTestServer(): Promise<TestServer> {
  return (await givenServer()) ?? (await containerServer()) ?? (await embeddedServer());
}

async function givenServer(): Promise<TestServer | undefined> {
  const { testDatabaseUrl } = readConfig();
  if (!testDatabaseUrl) return undefined;
  const description = `${printableUrl(testDatabaseUrl)} (TEST_DATABASE_URL)`;
  return { url: testDatabaseUrl, description, [Symbol.asyncDispose]: async () => {} };
}

async function containerServer(): Promise<TestServer | undefined> {
  if (!(await engineAnswers())) return undefined;
  const settings = Object.entries(TEST_SERVER_SETTINGS).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  try {
    const container = await new PostgreSqlContainer(IMAGE)
      .withDatabase('postgres')
      // No other output contains it, so a test can detect a leak.
      .withPassword(randomBytes(12).toString('hex'))
      .withCommand(['postgres', ...settings])
      // The server is process 1. It would mistake the end of an interrupted health check for a crash of its child.
      .withHealthCheck({ test: ['CMD', 'true'], interval: NEVER_MS })
      .withWaitStrategy(
        Wait.forAll([Wait.forLogMessage(READY.message, READY.times), Wait.forListeningPorts()]),
      )
      .start();
    return {
      url: container.getConnectionUri(),
      description: `${printableUrl(container.getConnectionUri())} (container of ${IMAGE})`,
      [Symbol.asyncDispose]: async () => {
        await container.stop();
      },
    };
  } catch (error) {
    console.warn(
      `Docker could not start ${IMAGE}: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

async function embeddedServer(): Promise<TestServer> {
  const server = await startThrowawayPostgres({ settings: TEST_SERVER_SETTINGS });
  return {
    url: server.url(),
    description: `${printableUrl(server.url())} (embedded, throwaway)`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function engineAnswers(): Promise<boolean> {
  return promisify(execFile)(process.execPath, [join(import.meta.dirname, 'container-engine.ts')]).then(
    () => true,
    () => false,
  );
}
