import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import type { Feature } from '../../src/http/feature.ts';
import type { ColumnChange } from '../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { priorityChange } from '../support/notes/note-change.ts';
import { notes } from '../support/notes/notes-feature.ts';
import { createNotesTable, type NotesTable } from '../support/notes/notes-table.ts';
import { scrape } from '../support/scrape.ts';
import { send } from '../support/send.ts';
import { startTestApplication } from '../support/test-application.ts';

const weightChange: ColumnChange = {
  table: { schema: 'public', name: 'parcel' },
  key: 'id',
  columns: [
    {
      from: { name: 'weight', type: 'integer' },
      to: { name: 'weight_new', type: 'bigint' },
      conversion: integerToBigint,
    },
  ],
};

const parcel = defineEntity({
  name: 'Parcel',
  tableName: 'parcel',
  properties: { id: p.bigint().primary(), weight: p.bigint('number') },
});

const parcels: Feature = {
  changes: [{ change: weightChange }],
  entities: [parcel],
};

let table: NotesTable;

beforeAll(async () => {
  table = await createNotesTable();
  await table.client.rows(`create table parcel (id bigint primary key, weight integer not null)`);
  await table.go('enforced');
});
afterAll(async () => table[Symbol.asyncDispose]());

it('the application follows the changes of all features independently', async () => {
  await using api = await startTestApplication(table.url, {}, [notes, parcels]);
  expect((await send(`${api.url}/notes`)).status).toBe(200);
  expect(JSON.parse((await send(`${api.url}/status`)).text)).toMatchObject({
    changes: [
      { change: 'public.note.priority', stage: 'enforced', activeColumn: 'priority_new' },
      { change: 'public.parcel.weight', stage: 'initial', activeColumn: 'weight' },
    ],
  });
  const samples = await scrape(api.url);
  for (const labels of [
    'change="public.note.priority",form="new",column="priority_new"',
    'change="public.parcel.weight",form="old",column="weight"',
  ]) {
    expect(samples.get(`column_change_active_column{${labels}}`)).toBe(1);
  }
});

it('ACTIVE_COLUMN applies to the change with that column, and must belong to a change', async () => {
  await using api = await startTestApplication(table.url, { activeColumn: 'priority' }, [parcels, notes]);
  expect(JSON.parse((await send(`${api.url}/status`)).text)).toMatchObject({
    changes: [{ activeColumn: 'weight' }, { activeColumn: 'priority' }],
  });
  await expect(startTestApplication(table.url, { activeColumn: 'x' }, [parcels, notes])).rejects.toThrow(
    'ACTIVE_COLUMN is "x"',
  );
});

it('a feature cannot follow a change that it does not list', async () => {
  const unlisted: Feature = {
    ...parcels,
    loadRoutes: async () => ({
      documentation: { bodies: {}, answers: {}, paths: {} },
      addRoutes: (_, orm) => void orm.follower(priorityChange),
    }),
  };
  await expect(startTestApplication(table.url, {}, [unlisted])).rejects.toThrow(
    'The ORM does not follow the change public.note.priority: add it to the changes of `followedOrm`.',
  );
});

it('an application that cannot start leaves no follower behind', async () => {
  const broken: Feature = { ...parcels, changes: [{ change: { ...weightChange, columns: [] } }] };
  await expect(startTestApplication(table.url, {}, [notes, broken])).rejects.toMatchObject({
    code: 'COLUMN_COUNT',
  });
  // The server ends a closed session a moment later; a follower that was left behind would stay.
  const remaining = () =>
    table.client.value<string>(`
      select count(*) from pg_stat_activity
      where datname = current_database() and application_name like 'online-migration/%'`);
  while ((await remaining()) !== '0');
  expect(await remaining()).toBe('0');
});
