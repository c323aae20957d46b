import { expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const change = changeOf('part.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });

const database = databasePerFile(
  `create table part (id bigint primary key, name text, size integer not null)`,
  `create index "Odd ""index""" on part (name, (size / 2), lower(name), (size > 1))`,
  `alter index "Odd ""index""" alter column 2 set statistics 500`,
  `alter index "Odd ""index""" alter column 4 set statistics 0`,
);

it('the statistics targets of the expressions of an index go over and come back', async () => {
  const targets = () =>
    database.client.rows(
      `select attnum, attstattarget from pg_attribute where attrelid = '"Odd ""index"""'::regclass order by attnum`,
    );
  const before = await targets();
  await database.runPhases(change, PHASES.up);
  expect(await targets()).toEqual(before);
  await database.runPhases(change, PHASES.down);
  expect(await targets()).toEqual(before);
});
