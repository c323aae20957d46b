import { describe, expect, it } from '@jest/globals';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const total = changeOf('item.total', {
  key: ['a', 'b'],
  from: 'text',
  to: 'numeric(12,2)',
  conversion: textToNumeric(12, 2),
});

/** A text that cannot be compressed. The array of JSON that it becomes part of is longer. */
const LONG = `select string_agg(chr(33 + (random() * 93)::int), '') from generate_series(1, 2660)`;

const database = databasePerFile(
  `create table item (a text, b text, total text not null, primary key (a, b))`,
  `insert into item select (${LONG}), 'x', '007.5'`,
  `insert into item select (select left(a, 2659) || '~' from item limit 1), 'x', '008.50'`,
);
const { client, runPhases } = database;

const texts = () => client.value<string>(`select string_agg(total, ' ' order by total) from item`);

describe('a row whose key is longer than an index takes', () => {
  it('gets its text back letter by letter', async () => {
    await runPhases(total, PHASES.up);
    expect(await client.value(`select count(*)::int from online_migration.kept_value`)).toBe(2);
    expect(await runPhases(total, PHASES.down)).not.toContainEqual(expect.stringMatching('belong to no row'));
    expect(await texts()).toBe('007.5 008.50');
  });

  it('is recorded as a reject, and converted when it is corrected', async () => {
    await client.rows(`update item set total = 'bad'`);
    await runPhases(total, [expand, backfill]);
    expect(await client.value(`select array_agg(raw_value) from online_migration.reject`)).toEqual([
      'bad',
      'bad',
    ]);
    await client.rows(`update item set total = '007.5'`);
    await runPhases(total, [enforce, contract, revertContract]);
    expect(await texts()).toBe('007.5 007.5');
  });

  it('can be written while contract keeps old values', async () => {
    await runPhases(total, [expand, backfill, enforce]);
    const context = await database.open(total);
    const writer = await database.connect();
    let written: Promise<unknown> | undefined;
    await contract({
      ...context,
      emit: (event) => {
        if (event.type === 'lock-held' && event.purpose === 'contract: keep old values') {
          written = writer.rows(`update item set total = '0' || total`);
        }
      },
    });
    await written;
    await runPhases(total, [revertContract]);
    expect(await texts()).toBe('0007.5 0008.50');
  });
});
