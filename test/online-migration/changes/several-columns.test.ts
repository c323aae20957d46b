import { describe, expect, it } from '@jest/globals';
import { phasesOf } from '../../../src/online-migration/phases/phases.ts';
import { partChange, PART_TABLE } from '../../support/parts/part-change.ts';
import { startPartLoad } from '../../support/parts/part-load.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { readViewCatalog } from '../../support/view-snapshot.ts';

const database = databasePerFile(...PART_TABLE);
const { client } = database;

const phases = phasesOf(partChange);
const up = phases.map((phase) => phase.up);
const down = phases.map((phase) => phase.down).toReversed();

const TYPES = {
  'public.part.Low': 'bigint',
  'public.part.high': 'bigint',
  'public.part.price': 'numeric(12,2)',
  'public.part.made_at': 'timestamp with time zone',
  'public.part.seen_at': 'timestamp with time zone',
};

const rows = () =>
  client.rows(`
    select id, "Low"::text, high::text, price::text, made_at::timestamp::text, seen_at::timestamp::text
    from part order by id`);

describe('a change of several columns', () => {
  it('goes up and back with everything that uses several of them', async () => {
    await client.rows(`set time zone 'UTC'`);
    const before = {
      schema: await readSchema(client),
      rows: await rows(),
      views: await readViewCatalog(client),
    };
    await database.runPhases(partChange, up);
    const schema = await readSchema(client);
    const types = Object.fromEntries(Object.keys(TYPES).map((path) => [path, schema.columns[path]?.type]));
    expect(types).toEqual(TYPES);
    for (const kind of ['columns', 'constraints', 'policies', 'statistics'] as const) {
      expect(Object.keys(schema[kind])).toEqual(Object.keys(before.schema[kind]));
    }
    expect(await rows()).toEqual(before.rows);
    await database.runPhases(partChange, down);
    expect(await readSchema(client)).toEqual(before.schema);
    expect(await readViewCatalog(client)).toEqual(before.views);
    expect(await rows()).toEqual(before.rows);
  });

  it('serves clients that follow it, up, back and up again', async () => {
    await using load = await startPartLoad(database.url);
    for (const run of [...up, ...down, ...up]) {
      await load.servedMore(10);
      await database.runPhases(partChange, [run]);
    }
    await load.servedMore(10);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(await load.findWrong(client)).toEqual([]);
  });
});
