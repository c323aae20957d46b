import { expect, it } from '@jest/globals';
import { features } from '../src/features.ts';
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

const awaitsTables = features.some(({ changes }) => changes.length > 0);

it(`npm start is ${awaitsTables ? 'alive but not ready before the first migration' : 'ready at once, because no feature has a column change'}`, async () => {
  await using database = await createTestDatabase();
  await using api = await startApiProcess(database.url);
  expect((await send(`${api.url}/readyz`)).status).toBe(awaitsTables ? 503 : 200);
});
