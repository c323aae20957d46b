import { expect, it } from '@jest/globals';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { openContext } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect } from '../../support/database-client.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const ROWS = 100;

it.each([
  { from: 'json[]', to: 'jsonb[]', old: `array['{"a": 1}']::json[]`, other: `array['{"a": 2}']::jsonb[]` },
  { from: 'public.current_mood', to: 'text', old: `'calm'`, other: `'glad'` },
  { from: 'point', to: 'text', old: `'(1,2)'`, other: `'(3,4)'` },
  {
    from: 'public.hstore',
    to: 'jsonb',
    old: `'a=>1'`,
    other: `'{"a": "2"}'`,
    forward: (value: string) => `public.hstore_to_jsonb(${value})`,
    backward: (value: string) =>
      `(select public.hstore(array_agg(key), array_agg(value)) from jsonb_each_text(${value}))`,
  },
])('changes $from, whose values have no `=` of PostgreSQL, to $to and back', async (types) => {
  const { from, to, old, other } = types;
  const forward = types.forward ?? ((value: string) => `(${value})::${to}`);
  const backward = types.backward ?? ((value: string) => `(${value})::${from}`);
  await using database = await createTestDatabase();
  await using client = await connect(database.url);
  await client.rows(`
    create extension hstore;
    create type mood as enum ('calm', 'glad');
    create domain current_mood as mood;
    create table item (id int primary key, held ${from} not null);
    insert into item select n, ${old} from generate_series(1, ${ROWS}) as n`);
  const change = changeOf('item.held', { from, to, conversion: { forward, backward } });
  await using context = await openContext(database.url, change);
  for (const phase of [expand, backfill, enforce]) await phase(context);
  await client.rows(`update item set held = ${old} where id = 1`);
  await client.rows(`update item set held_new = ${other} where id = 2`);
  await contract(context);
  const held = () =>
    client.value<number>(
      `select count(*)::int from item where held_new is not distinct from ${forward(`${old}::${from}`)}`,
    );
  expect(await held()).toBe(ROWS - 1);
  await revertContract(context);
  const values = await client.rows(`select held::text, count(*)::int from item group by 1 order by 2`);
  const texts = await client.rows(
    `select ${backward(`${other}::${to}`)}::text as other, (${old}::${from})::text as old`,
  );
  expect(values).toEqual([
    { held: texts[0]!['other'], count: 1 },
    { held: texts[0]!['old'], count: ROWS - 1 },
  ]);
});
