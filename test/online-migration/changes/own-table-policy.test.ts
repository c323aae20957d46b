import { expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const declared = { from: 'integer', to: 'bigint', conversion: integerToBigint };

const database = databasePerFile(
  `drop schema if exists "Odd ""schema""" cascade; create schema "Odd ""schema"""`,
  ...['public', '"Odd ""schema"""'].flatMap((schema) => [
    `create table ${schema}.part (id bigint primary key, size integer not null)`,
    `create policy "Odd ""policy""" on ${schema}.part
      using (exists (select from ${schema}.part other where other.id = part.id and other.size > 0))`,
  ]),
);

it('a policy whose subquery reads the same table goes over and comes back', async () => {
  const change = changeOf('part.size', declared);
  const before = await readSchema(database.client);
  await database.runPhases(change, [...PHASES.up, ...PHASES.down]);
  expect(await readSchema(database.client)).toEqual(before);
});

it('expand refuses such a policy in a schema that is not on the search_path, because it would keep the old column', async () => {
  const change = changeOf('part.size', { ...declared, schema: 'Odd "schema"' });
  await expect(database.runPhases(change, [expand])).rejects.toMatchObject(
    refusedWith(
      'OBSTACLES',
      /The policy Odd "policy" of .* does not fit bigint: a subquery reads the column in other rows of the table\. Give it/,
    ),
  );
});
