import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createLargeRecordTable,
  type LargeRecordTable,
  type TableForm,
} from './support/large-record-table.ts';
import { send } from '../support/send.ts';
import { startTestApplication, type TestApplication } from '../support/test-application.ts';

/** Changes the table's columns in one step, from each schema version to each other. */
const COLUMNS: Readonly<Record<TableForm, string>> = {
  old: 'add column created_at varchar(50) not null default $$2024-01-01 10:00:00$$',
  new: 'add column created_at_new timestamptz not null default $$2024-01-01 10:00:00+00$$',
  renamed: 'add column created_at timestamptz not null default $$2024-01-01 10:00:00+00$$',
};

const FORMS = Object.keys(COLUMNS) as TableForm[];
const CHANGES = FORMS.flatMap((from) => FORMS.filter((to) => to !== from).map((to) => [from, to] as const));

/**
 * Real phases never lead from `old` to `renamed` directly, but an idle process can miss the step in between. Then the
 * column's name is the same and only its type differs: the outdated mapping must neither read nor write.
 */
describe.each(CHANGES)('when the active column changes from %s to %s', (from, to) => {
  let table: LargeRecordTable;
  let api: TestApplication;

  beforeAll(async () => {
    table = await createLargeRecordTable(from);
    // No polls and no notifications: a request must notice the change.
    api = await startTestApplication(table.url, { activeColumnPollMs: 3_600_000 });
  });

  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await table[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    await replaceColumns(from);
    await table.client.query(`truncate large_record restart identity`);
    await table.client.query(`insert into large_record (name) values ('LargeRecord_1')`);
    // The application now uses the schema version that is about to change.
    await send(`${api.url}/list_large`);
    await replaceColumns(to);
  });

  async function replaceColumns(form: TableForm): Promise<void> {
    await table.client.query(`
      alter table large_record drop column if exists created_at, drop column if exists created_at_new, ${COLUMNS[form]}`);
  }

  it.each(['/list_large', '/large_records/1'])('GET %s answers as before', async (path) => {
    const answer = await send(`${api.url}${path}`);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('{"id":1,"name":"LargeRecord_1","created_at":"2024-01-01 10:00:00"}');
  });

  it('POST makes one record, with the sent timestamp', async () => {
    const answer = await send(`${api.url}/large_records`, {
      method: 'POST',
      body: { name: 'LargeRecord_2', created_at: '2024-06-15 12:00:00' },
    });
    expect(answer.status).toBe(201);
    const list = await send(`${api.url}/list_large?after=1`);
    expect(list.text).toBe(`{"records":[${answer.text}],"count":1}`);
    expect(answer.text).toContain('"created_at":"2024-06-15 12:00:00"');
  });

  it.each([
    [{ name: 'changed' }, '{"id":1,"name":"changed","created_at":"2024-01-01 10:00:00"}'],
    [
      { created_at: '2024-06-15 12:00:00' },
      '{"id":1,"name":"LargeRecord_1","created_at":"2024-06-15 12:00:00"}',
    ],
  ])('PATCH %j changes the record', async (body, expected) => {
    const answer = await send(`${api.url}/large_records/1`, { method: 'PATCH', body });
    expect(answer).toMatchObject({ status: 200, text: expected });
    expect((await send(`${api.url}/large_records/1`)).text).toBe(expected);
  });

  it('DELETE removes the record', async () => {
    expect((await send(`${api.url}/large_records/1`, { method: 'DELETE' })).status).toBe(204);
  });
});
