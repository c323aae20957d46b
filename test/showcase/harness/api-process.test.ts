import { describe, expect, it } from '@jest/globals';
import { startApi } from '../../../src/showcase/harness/api-process.ts';
import { createLargeRecordTable } from '../../large-record/support/large-record-table.ts';
import { send } from '../../support/send.ts';

describe('startApi', () => {
  it('serves the database until it is disposed of', async () => {
    await using table = await createLargeRecordTable('old');
    const api = await startApi(table.url, new AbortController().signal);
    expect(await send(`${api.url}/list_large/`)).toMatchObject({ status: 200 });
    await api[Symbol.asyncDispose]();
    await expect(send(`${api.url}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('ends with the signal', async () => {
    await using table = await createLargeRecordTable('old');
    const controller = new AbortController();
    await using api = await startApi(table.url, controller.signal);
    controller.abort();
    await api[Symbol.asyncDispose]();
    await expect(send(`${api.url}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('fails with its log where it does not start', async () => {
    await expect(startApi('mysql://nobody', new AbortController().signal)).rejects.toThrow(
      /^The API did not start\. The end of its log:\nDATABASE_URL must be a URL/,
    );
  });
});
