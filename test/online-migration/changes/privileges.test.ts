import { expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const change = changeOf('part.Odd "size"', { from: 'integer', to: 'bigint', conversion: integerToBigint });

const database = databasePerFile(
  `create table part (id bigint generated always as identity primary key, "Odd ""size""" integer not null)`,
  `grant select ("Odd ""size""") on part to pg_monitor with grant option`,
  `grant update ("Odd ""size""") on part to public`,
);
const { client } = database;

it.each([
  ['select', 'pg_monitor'],
  ['update', 'public'],
])('contract refuses if %s was revoked from %s on the old column alone', async (privilege, role) => {
  await database.runPhases(change, [expand, backfill, enforce]);
  await client.rows(`revoke ${privilege} ("Odd ""size""") on part from ${role}`);
  const refusal = refusedWith(
    'OBSTACLES',
    new RegExp(
      `${role} has ${privilege.toUpperCase()} on Odd "size"_new, and not on Odd "size": \`(revoke ${privilege} \\("Odd ""size""_new"\\) on "public"."part" from ${role})\``,
    ),
  );
  await expect(database.runPhases(change, [contract])).rejects.toMatchObject(refusal);
  await client.rows(`revoke ${privilege} ("Odd ""size""_new") on part from ${role}`);
  await database.runPhases(change, [contract]);
  expect(
    await client.value(
      `select count(*)::int from information_schema.column_privileges where table_name = 'part' and grantee in ('pg_monitor', 'PUBLIC')`,
    ),
  ).toBe(1);
});
