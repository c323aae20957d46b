import { startTestServer, type TestServer } from './server-source.ts';

declare global {
  /** Disposed of by global-teardown. */
  var testServer: TestServer | undefined;
}

/** Selects the server for this run, prints its description, and passes its URL to the tests. */
export default async function globalSetup(): Promise<void> {
  const server = await startTestServer();
  globalThis.testServer = server;
  process.env['TEST_SERVER_URL'] = server.url;
  console.log(`\nTest server: ${server.description}`);
}
