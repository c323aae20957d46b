import { startTestServer, type TestServer } from './server-source.ts';

declare global {
  /** What global-teardown has to dispose of. */
  var testServer: TestServer | undefined;
}

/** Picks the server for this run, says which one it is, and hands its URL to the tests. */
export default async function globalSetup(): Promise<void> {
  const server = await startTestServer();
  globalThis.testServer = server;
  process.env['TEST_SERVER_URL'] = server.url;
  console.log(`\nTest server: ${server.description}`);
}
