import { describe, expect, it } from '@jest/globals';
import { connect } from '../../../src/showcase/harness/connection.ts';
import { Ledger } from '../../../src/showcase/harness/ledger.ts';
import { checkLedger, type LedgerVerdict } from '../../../src/showcase/harness/ledger-check.ts';
import { seedLargeRecords } from '../../../src/large-record/seeding.ts';
import {
  createLargeRecordTable,
  type LargeRecordTable,
} from '../../large-record/support/large-record-table.ts';

const SEEDED_ROWS = 20;

/** A table that matches the ledger: two records were created, and a seeded one was written twice. */
async function createAgreeingTable(): Promise<LargeRecordTable> {
  const table = await createLargeRecordTable('renamed');
  const signal = new AbortController().signal;
  await seedLargeRecords(table.url, { rows: SEEDED_ROWS, append: false, signal, report: () => {} });
  await table.store('first', '1970-01-01 00:00:00+00');
  await table.store('second', '2099-12-31 23:59:59+00');
  await table.client.query(`update large_record set name = 'third' where id = 5`);
  return table;
}

function createLedger(): Ledger {
  const ledger = new Ledger(SEEDED_ROWS);
  ledger.acknowledge({ id: 21, name: 'first', created_at: '1970-01-01 00:00:00' });
  ledger.acknowledge({ id: 22, name: 'second', created_at: '2099-12-31 23:59:59' });
  ledger.acknowledge({ id: 5, name: 'earlier', created_at: '2024-01-01 10:00:04' });
  ledger.acknowledge({ id: 5, name: 'third', created_at: '2024-01-01 10:00:04' });
  return ledger;
}

async function check(url: string, ledger: Ledger): Promise<LedgerVerdict> {
  await using connection = await connect(url);
  return await checkLedger(connection, ledger, 'created_at');
}

const INTACT = { acknowledged: 4, missing: 0, different: 0, unexpected: 0 };

describe('checkLedger', () => {
  it('finds nothing if every row is as acknowledged or seeded', async () => {
    await using table = await createAgreeingTable();
    expect(await check(table.url, createLedger())).toEqual(INTACT);
  });

  it.each([
    ['a missing record that was created', 'delete from large_record where id = 21', { missing: 1 }],
    ['a missing record that was updated', 'delete from large_record where id = 5', { missing: 1 }],
    ['missing seeded records', 'delete from large_record where id in (1, 20)', { missing: 2 }],
    ['an earlier name', `update large_record set name = 'earlier' where id = 5`, { different: 1 }],
    [
      'a timestamp shifted by a time zone',
      `update large_record set created_at = created_at + interval '2 hours' where id = 22`,
      { different: 1 },
    ],
    [
      'a timestamp with a fraction of a second',
      `update large_record set created_at = created_at + interval '1 microsecond' where id = 21`,
      { different: 1 },
    ],
    [
      'a changed name of a seeded record',
      `update large_record set name = 'x' where id = 6`,
      { different: 1 },
    ],
    [
      'changed timestamps of seeded records',
      `update large_record set created_at = created_at - interval '1 second' where id between 7 and 9`,
      { different: 3 },
    ],
    [
      'a record that nobody made',
      `insert into large_record (name, created_at) values ('first', '1970-01-01 00:00:00+00')`,
      { unexpected: 1 },
    ],
    ['an empty table', 'truncate large_record', { missing: SEEDED_ROWS + 2 }],
  ])('finds %s', async (_what, damage, faults) => {
    await using table = await createAgreeingTable();
    await table.client.query(damage);
    expect(await check(table.url, createLedger())).toEqual({ ...INTACT, ...faults });
  });

  it('ignores a record whose last write may or may not have been done', async () => {
    await using table = await createAgreeingTable();
    await table.client.query(`update large_record set name = 'x' where id in (5, 6)`);
    const ledger = createLedger();
    ledger.doubt(5);
    ledger.doubt(6);
    expect(await check(table.url, ledger)).toEqual(INTACT);
  });
});
