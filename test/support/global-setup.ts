import { join } from 'node:path';
import { startTestServer, type TestServer } from './server-source.ts';

declare global {
  /** Disposed of by global-teardown. */
  var testServer: TestServer | undefined;
}

/** Compiled code of the commands that tests start. Without it, each of them would compile the same packages again. */
const COMPILE_CACHE = join(import.meta.dirname, '../../node_modules/.cache/node');

/** Selects the server for this run, prints its description, and passes its URL to the tests. */
export default async function globalSetup(): Promise<void> {
  const server = await startTestServer();
  globalThis.testServer = server;
  process.env['NODE_COMPILE_CACHE'] ??= COMPILE_CACHE;
  process.env['TEST_SERVER_URL'] = server.url;
  console.log(`\nTest server: ${server.description}`);
}
