import { expect, it } from '@jest/globals';
import { startNotes } from '../support/notes/notes-application.ts';
import { createNotesTable } from '../support/notes/notes-table.ts';
import { send } from '../support/send.ts';
import { startTestApplication } from '../support/test-application.ts';

it('/status returns the stage of each change and the column that the process uses', async () => {
  await using table = await createNotesTable();
  await using api = await startNotes(table.url);
  const status = async () => JSON.parse((await send(`${api.url}/status`)).text) as unknown;
  expect(await status()).toEqual({
    changes: [{ change: 'public.note.priority', stage: 'initial', activeColumn: 'priority', backfill: null }],
  });
  await table.go('backfilled');
  expect(await status()).toMatchObject({
    changes: [{ stage: 'backfilled', activeColumn: 'priority', backfill: { rowsDone: 0, percent: 100 } }],
  });
});

it('/status is an empty list in an application without features', async () => {
  await using table = await createNotesTable();
  await using api = await startTestApplication(table.url, {}, []);
  expect(await send(`${api.url}/status`)).toMatchObject({ status: 200, text: '{"changes":[]}' });
});
