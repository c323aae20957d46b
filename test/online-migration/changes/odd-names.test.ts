import { describe, expect, it } from '@jest/globals';
import { escapeIdentifier, escapeLiteral } from 'pg';
import { textToEnum } from '../../../src/online-migration/conversions/text-to-enum.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { expectFullCycle } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerTest } from '../../support/tested-database.ts';

/** All that ends a quoted text somewhere, or stands for something in a format. */
const ODD = String.raw`$sync$ $$ $& '' " \' %s %`;
const LABELS = [`one ${ODD}`, `two ${ODD}`];
const TYPE = escapeIdentifier(`type ${ODD}`);
const TABLE = escapeIdentifier(`table ${ODD}`);
const [KEY, OLD] = [escapeIdentifier(`key ${ODD}`), escapeIdentifier(`old ${ODD}`)];

const change = changeOf(`table ${ODD}.old ${ODD}`, {
  key: `key ${ODD}`,
  from: 'text',
  to: `public.${TYPE}`,
  newColumn: `new ${ODD}`,
  conversion: textToEnum(`public.${TYPE}`, LABELS),
});
const label = (n: string) => `(array[${LABELS.map(escapeLiteral).join(', ')}])[1 + ${n} % 2]`;
const setup = [
  `create type ${TYPE} as enum (${LABELS.map(escapeLiteral).join(', ')})`,
  `create table ${TABLE} (id bigint generated always as identity unique, n bigint not null, ${KEY} uuid primary key default gen_random_uuid(), ${OLD} text not null)`,
  `insert into ${TABLE} (n, ${OLD}) select n, ${label('n')} from generate_series(1, 500) as n`,
];

const database = databasePerTest();
const { client } = database;

describe('names and labels that could end a quoted text', () => {
  it('go through a whole change under load', async () => {
    await expectFullCycle({ change, setup, value: { old: label, new: (n) => `${label(n)}::${TYPE}` } });
  });

  it('stand letter by letter in the refusal of a write', async () => {
    for (const statement of setup) await client.rows(statement);
    const context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    const refused = client.rows(`update ${TABLE} set ${OLD} = 'no label' where n = 7`);
    await expect(refused).rejects.toMatchObject({
      code: '22007',
      message: `The value 'no label' of column ${OLD} has no equal of type public.${TYPE}.`,
      column: `old ${ODD}`,
    });
  });
});
