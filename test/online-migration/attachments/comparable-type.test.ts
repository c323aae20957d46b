import { expect, it } from '@jest/globals';
import { isComparable } from '../../../src/online-migration/attachments/obstacles/comparable-type.ts';
import { connect } from '../../support/database-client.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const OWN_TYPES = `
  create extension citext; create extension hstore; create extension ltree;
  create type mood as enum ('calm');
  create type pair as (a int, b text);
  create type pair_of_json as (a int, b json);
  create type tree_of_pairs as (pairs pair_of_json[]);
  create domain amount as numeric(12, 2);
  create domain narrow_amount as amount;
  create domain code as varchar(5);
  create domain word as citext;
  create domain path_of_labels as ltree;
  create domain document as json;
  create domain documents as json[];
  create domain numbers as int[];
  create domain span as int4range;
  create domain current_mood as mood;
  create domain current_pair as pair;
  create type words as (parts word[], moods current_mood[])`;

/** Whether their values can be made is not known, or they have none. */
const INTERNAL = ['_cstring', 'pg_dependencies', 'pg_mcv_list', 'pg_ndistinct'];

it('takes a type as comparable if PostgreSQL compares its values, whatever type it is', async () => {
  await using database = await createTestDatabase();
  await using client = await connect(database.url);
  await client.rows(OWN_TYPES);
  await client.rows(`set search_path = pg_catalog`);
  const types = await client.rows<{ name: string; value: string }>(
    `
    with recursive undomained as (
      select t.oid as declared, t.* from pg_type t where t.typnamespace in ('pg_catalog'::regnamespace, 'public'::regnamespace)
      union all
      select u.declared, b.* from undomained u join pg_type b on b.oid = u.typbasetype
    )
    select u.declared::regtype::text as name, format('%s::%s', case
        when u.typtype = 'c' then (
          select format('row(%s)', string_agg('null', ', ')) from pg_attribute a where a.attrelid = u.typrelid and a.attnum > 0
        )
        when u.typcategory = 'A' and u.typname not in ('int2vector', 'oidvector') then '''{}'''
        else 'null'
      end, u.declared::regtype) as value
    from undomained u
    left join pg_type element on element.oid = u.typelem
    left join pg_class relation on relation.oid in (u.typrelid, element.typrelid) and relation.relkind <> 'c'
    where u.typtype not in ('d', 'p') and relation.oid is null and u.declared <> 'json'::regtype and not u.typname = any ($1)
    order by 1`,
    [INTERNAL],
  );
  expect(types.length).toBeGreaterThan(150);
  const wrong: string[] = [];
  for (const { name, value } of types) {
    const compared = await client
      .rows(`select a is distinct from b from (select ${value} as a, ${value} as b) as both_values`)
      .then(
        () => true,
        () => false,
      );
    if (compared !== (await isComparable(client, name))) wrong.push(`${name}: ${!compared}`);
  }
  expect(wrong).toEqual([]);
});

it('takes json as comparable, because it is compared in its stored form', async () => {
  await using database = await createTestDatabase();
  await using client = await connect(database.url);
  expect(await isComparable(client, 'json')).toBe(true);
});
