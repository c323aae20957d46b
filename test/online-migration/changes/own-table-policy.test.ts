import { expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
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

it.each(['public', 'Odd "schema"'])(
  'a policy whose subquery reads the same table goes over and comes back, in the schema %s',
  async (schema) => {
    const change = changeOf('part.size', { ...declared, schema });
    const before = await readSchema(database.client);
    await database.runPhases(change, [...PHASES.up, ...PHASES.down]);
    expect(await readSchema(database.client)).toEqual(before);
  },
);
