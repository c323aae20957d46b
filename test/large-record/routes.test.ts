import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AFTER_MIGRATION,
  createLargeRecordTableAfter,
  type LargeRecordTable,
} from './support/large-record-table.ts';
import { openMigrator } from '../support/migrator.ts';
import { send, type Answer } from '../support/send.ts';
import { startTestApplication, type TestApplication } from '../support/test-application.ts';

const MIGRATIONS = Object.keys(AFTER_MIGRATION) as (keyof typeof AFTER_MIGRATION)[];
const BEYOND_DOUBLES = '9007199254740993';

describe.each(MIGRATIONS)('the records after migration %s', (migration) => {
  const { stage, form } = AFTER_MIGRATION[migration];
  let table: LargeRecordTable;
  let api: TestApplication;

  beforeAll(async () => {
    table = await createLargeRecordTableAfter(migration);
    api = await startTestApplication(table.url);
    await table.store('LargeRecord_1', '2024-01-01 10:00:00');
    await table.store('LargeRecord_2', '2024-01-01 10:00:01');
    await table.store('LargeRecord_3', '2024-01-01 10:00:02');
  });

  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await table[Symbol.asyncDispose]();
  });

  function change(id: string, body: object): Promise<Answer> {
    return send(`${api.url}/large_records/${id}`, { method: 'PATCH', body });
  }

  describe('GET /list_large', () => {
    it.each(['/list_large', '/list_large/', '/list_large?limit=10&after=0'])('answers %s', async (path) => {
      const answer = await send(`${api.url}${path}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('Content-Type')).toBe('application/json; charset=utf-8');
      expect(answer.text).toBe(
        '{"records":[{"id":1,"name":"LargeRecord_1","created_at":"2024-01-01 10:00:00"},' +
          '{"id":2,"name":"LargeRecord_2","created_at":"2024-01-01 10:00:01"},' +
          '{"id":3,"name":"LargeRecord_3","created_at":"2024-01-01 10:00:02"}],"count":3}',
      );
    });

    it('lists the requested number of records after an id', async () => {
      const answer = await send(`${api.url}/list_large?limit=1&after=1`);
      expect(answer.text).toBe(
        '{"records":[{"id":2,"name":"LargeRecord_2","created_at":"2024-01-01 10:00:01"}],"count":1}',
      );
    });

    it('is empty after the greatest id', async () => {
      const answer = await send(`${api.url}/list_large?after=9223372036854775807`);
      expect(answer).toMatchObject({ status: 200, text: '{"records":[],"count":0}' });
    });

    it('lists 10 records by default', async () => {
      await using own = await createLargeRecordTableAfter(migration);
      await using ownApi = await startTestApplication(own.url);
      for (let n = 1; n <= 11; n++) await own.store(`LargeRecord_${n}`, '2024-01-01 10:00:00');
      const list = JSON.parse((await send(`${ownApi.url}/list_large`)).text) as { records: { id: number }[] };
      expect(list.records.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });
  });

  describe('GET /large_records/:id', () => {
    it('returns one record', async () => {
      const answer = await send(`${api.url}/large_records/2`);
      expect(answer).toMatchObject({
        status: 200,
        text: '{"id":2,"name":"LargeRecord_2","created_at":"2024-01-01 10:00:01"}',
      });
    });

    it('returns an id beyond the precision of a double exactly', async () => {
      await table.client.query(
        `insert into large_record (id, name, ${table.column}) overriding system value values ($1, $2, $3)`,
        [BEYOND_DOUBLES, 'far', '2024-01-01 10:00:00'],
      );
      const answer = await send(`${api.url}/large_records/${BEYOND_DOUBLES}`);
      expect(answer.text).toBe(`{"id":${BEYOND_DOUBLES},"name":"far","created_at":"2024-01-01 10:00:00"}`);
      expect((await send(`${api.url}/large_records/${BEYOND_DOUBLES}`, { method: 'DELETE' })).status).toBe(
        204,
      );
    });

    it.each(['GET', 'DELETE'])('answers 404 to %s if the record does not exist', async (method) => {
      expect((await send(`${api.url}/large_records/4000`, { method })).status).toBe(404);
    });

    it.each([
      ['2024-01-01 10:00:00.9', '2024-01-01 10:00:00'],
      ['2024-01-01 10:00:00.123456', '2024-01-01 10:00:00'],
      ['1969-12-31 23:59:59.999999', '1969-12-31 23:59:59'],
      ['0001-01-01 00:00:00', '0001-01-01 00:00:00'],
      ['0099-06-15 12:00:00', '0099-06-15 12:00:00'],
      ['9999-12-31 23:59:59', '9999-12-31 23:59:59'],
    ])('answers the stored %s as %s', async (stored, answered) => {
      const id = await table.store('stored', stored);
      const answer = await send(`${api.url}/large_records/${id}`);
      expect(answer).toMatchObject({
        status: 200,
        text: `{"id":${id},"name":"stored","created_at":"${answered}"}`,
      });
    });
  });

  describe('POST /large_records', () => {
    it('creates a record', async () => {
      const answer = await send(`${api.url}/large_records`, {
        method: 'POST',
        body: { name: `O'Neil \\ ? 😀`, created_at: '2024-02-29 23:59:59' },
      });
      const id = answer.headers.get('Location')!.replace('/large_records/', '');
      expect(answer).toMatchObject({
        status: 201,
        text: `{"id":${id},"name":"O'Neil \\\\ ? 😀","created_at":"2024-02-29 23:59:59"}`,
      });
      expect((await send(`${api.url}/large_records/${id}`)).text).toBe(answer.text);
      expect(await table.stored(id)).toBe(form === 'old' ? '2024-02-29 23:59:59' : '2024-02-29 23:59:59+00');
    });

    it('uses the current time by default', async () => {
      const before = Math.floor(Date.now() / 1000);
      const answer = await send(`${api.url}/large_records`, { method: 'POST', body: { name: 'now' } });
      const { created_at: createdAt } = JSON.parse(answer.text) as { created_at: string };
      expect(createdAt).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      const second = Date.parse(`${createdAt.replace(' ', 'T')}Z`) / 1000;
      expect(second).toBeGreaterThanOrEqual(before);
      expect(second).toBeLessThanOrEqual(Date.now() / 1000);
    });

    it('counts the characters of a name as PostgreSQL does', async () => {
      const name = '😀'.repeat(100);
      const answer = await send(`${api.url}/large_records`, { method: 'POST', body: { name } });
      expect(answer.status).toBe(201);
      expect(JSON.parse(answer.text)).toMatchObject({ name });
    });
  });

  describe('PATCH /large_records/:id', () => {
    it('changes the name and leaves the stored timestamp unchanged', async () => {
      const id = await table.store('before', '2024-01-01 10:00:00.123456');
      const stored = await table.stored(id);
      const answer = await change(id, { name: 'after' });
      expect(answer).toMatchObject({
        status: 200,
        text: `{"id":${id},"name":"after","created_at":"2024-01-01 10:00:00"}`,
      });
      expect(await table.stored(id)).toBe(stored);
    });

    it('changes the timestamp and leaves the name', async () => {
      const id = await table.store('before', '2024-01-01 10:00:00');
      const answer = await change(id, { created_at: '0050-03-04 05:06:07' });
      expect(answer.text).toBe(`{"id":${id},"name":"before","created_at":"0050-03-04 05:06:07"}`);
      expect((await send(`${api.url}/large_records/${id}`)).text).toBe(answer.text);
    });

    it('changes both', async () => {
      const id = await table.store('before', '2024-01-01 10:00:00');
      const answer = await change(id, { created_at: '2025-03-04 05:06:07', name: 'after' });
      expect(answer.text).toBe(`{"id":${id},"name":"after","created_at":"2025-03-04 05:06:07"}`);
      expect((await send(`${api.url}/large_records/${id}`)).text).toBe(answer.text);
    });

    it('answers 404 if the record does not exist', async () => {
      expect((await change('4000', { name: 'x' })).status).toBe(404);
    });
  });

  it('DELETE /large_records/:id deletes the record', async () => {
    const id = await table.store('gone', '2024-01-01 10:00:00');
    const answer = await send(`${api.url}/large_records/${id}`, { method: 'DELETE' });
    expect(answer).toMatchObject({ status: 204, text: '' });
    expect((await send(`${api.url}/large_records/${id}`)).status).toBe(404);
  });

  it('GET /status names the active column', async () => {
    // The table was empty during the backfill, so it converted nothing.
    const hasBackfill = stage === 'backfilled' || stage === 'enforced';
    const backfill = hasBackfill
      ? '{"rowsDone":0,"rowsTotal":0,"percent":100,"rowsPerSecond":0,"etaSeconds":0}'
      : 'null';
    expect(await send(`${api.url}/status`)).toMatchObject({
      status: 200,
      text: `{"changes":[{"change":"public.large_record.created_at","stage":"${stage}","activeColumn":"${table.column}","backfill":${backfill}}]}`,
    });
  });

  it('logged nothing', () => {
    expect(api.log).toEqual([]);
  });
});

describe('a stored value that is no timestamp', () => {
  it.each(['yesterday', '', '2023-02-31 10:00:00', '01/02/2024', 'infinity', `"; drop table`])(
    'is returned unchanged, and survives a change of the name: %j',
    async (text) => {
      await using table = await createLargeRecordTableAfter('0001');
      await using api = await startTestApplication(table.url);
      const id = await table.store('odd', text);
      const answered = (name: string) => `{"id":${id},"name":"${name}","created_at":${JSON.stringify(text)}}`;

      expect(await send(`${api.url}/list_large`)).toMatchObject({
        status: 200,
        text: `{"records":[${answered('odd')}],"count":1}`,
      });
      expect(await send(`${api.url}/large_records/${id}`)).toMatchObject({
        status: 200,
        text: answered('odd'),
      });
      expect(
        await send(`${api.url}/large_records/${id}`, { method: 'PATCH', body: { name: 'still odd' } }),
      ).toMatchObject({ status: 200, text: answered('still odd') });
      expect(await table.stored(id)).toBe(text);
    },
  );

  it.each([
    ['infinity', 'infinity'],
    ['-infinity', '-infinity'],
    ['0044-03-15 12:00:00+00 BC', '0044-03-15T12:00:00 BC'],
    ['10000-01-01 00:00:00+00', '10000-01-01T00:00:00'],
  ])('is answered as a text where a timestamptz holds it: %s', async (value, answered) => {
    await using table = await createLargeRecordTableAfter('0006');
    await using api = await startTestApplication(table.url);
    const id = await table.store('odd', value);
    expect(await send(`${api.url}/large_records/${id}`)).toMatchObject({
      status: 200,
      text: `{"id":${id},"name":"odd","created_at":"${answered}"}`,
    });
  });
});

it('a text that the sync trigger rejects answers 400 and names created_at', async () => {
  await using table = await createLargeRecordTableAfter('0004');
  await using api = await startTestApplication(table.url);
  // Requests cannot send this value; a trigger of the table's owner can create it.
  await table.client.query(`
    create function spoil() returns trigger language plpgsql as $$
      begin new.created_at_new := 'infinity'; return new; end $$;
    create trigger spoil before insert on large_record for each row execute function spoil()`);
  const answer = await send(`${api.url}/large_records`, {
    method: 'POST',
    body: { name: 'x', created_at: '2024-01-01 10:00:00' },
  });
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ field: 'created_at' }] });
});

it('a reject that is read while the process still uses the new column is read from the old one', async () => {
  await using table = await createLargeRecordTableAfter('0004');
  await using api = await startTestApplication(table.url);
  const id = await table.store('odd', '2024-01-01 10:00:00');
  expect((await send(`${api.url}/large_records/${id}`)).status).toBe(200);
  await using migrator = await openMigrator(table.url);
  await migrator.go('0003');
  await table.client.query(`update large_record set created_at = 'yesterday' where id = $1`, [id]);
  expect(await send(`${api.url}/large_records/${id}`)).toMatchObject({
    status: 200,
    text: `{"id":${id},"name":"odd","created_at":"yesterday"}`,
  });
});
