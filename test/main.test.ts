import { expect, it } from '@jest/globals';
import { startApiProcess } from './support/api-process.ts';
import { send } from './support/send.ts';
import { createTestDatabase } from './support/test-server.ts';

it.each(['/healthz', '/metrics', '/openapi.json', '/'])(
  'npm start answers GET %s, independent of the features',
  async (path) => {
    await using database = await createTestDatabase();
    await using api = await startApiProcess(database.url);
    expect((await send(`${api.url}${path}`)).status).toBe(200);
  },
);

it('npm start is alive but not ready before the first migration', async () => {
  await using database = await createTestDatabase();
  await using api = await startApiProcess(database.url);
  expect((await send(`${api.url}/readyz`)).status).toBe(503);
});
