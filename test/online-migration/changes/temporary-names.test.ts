import { expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const change = changeOf('Odd "part".size', { from: 'integer', to: 'bigint', conversion: integerToBigint });

const database = databasePerFile(
  `create table "Odd ""part""" (id bigint primary key, size integer not null check (size > 0))`,
  `create view big as select * from "Odd ""part""" where size > 9; create view bigger as select * from big where size > 99`,
);

it.each([
  `create temporary table "Odd ""part""" (other integer primary key); create temporary view big as select * from "Odd ""part"""`,
  `create temporary view "Odd ""part""" as select 1 as size; create temporary sequence big`,
  `create temporary table other (size integer); create index "Odd ""part""" on other (size); create type pg_temp.big as (size integer)`,
])('relations of the session with the same names are not in the way, and stay: %s', async (statements) => {
  const context = await database.open(change);
  await context.session.script(statements);
  const own = async () =>
    (
      await context.session.query(
        `select relname, relkind from pg_class where relnamespace = pg_my_temp_schema() order by 1`,
      )
    ).rows;
  const temporary = await own();
  const before = await readSchema(database.client);
  for (const phase of [...PHASES.up, ...PHASES.down]) await phase(context);
  expect(await own()).toEqual(temporary);
  expect(await readSchema(database.client)).toEqual(before);
});
