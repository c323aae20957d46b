import { expect, it } from '@jest/globals';
import type { Conversion } from '../../../src/online-migration/change/column-change.ts';
import { textToJsonb } from '../../../src/online-migration/conversions/documents/text-to-jsonb.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { describeFrom } from '../../support/server-major.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const changeOfBody = (conversion: Conversion) =>
  changeOf('document.body', { from: 'text', to: 'jsonb', conversion });

/** One that raises an error, as none may. */
const failing: Conversion = {
  ...textToJsonb,
  forward: (value) => `case when pg_input_is_valid(${value}, 'jsonb') then ${value}::jsonb end`,
};

const database = databasePerTest(
  `create table document (id bigint generated always as identity primary key, body text not null)`,
);
const { client } = database;

/** SQL of a JSON text with so many brackets within each other. */
const nested = (depth: number) => `repeat('[', ${depth}) || repeat(']', ${depth})`;

const TOO_DEEP = {
  'one more than the limit': nested(1_001),
  arrays: nested(200_000),
  objects: `repeat('{"a":', 100000) || '1' || repeat('}', 100000)`,
  'arrays that do not end': `repeat('[', 100000)`,
  'brackets behind a quote that does not end': String.raw`'"' || repeat('\"[', 100000)`,
};
const CONVERTIBLE = {
  'the limit': nested(1_000),
  'many beside each other': `'[' || repeat('{"a": [{}, [], ["]"]]},', 3000) || '1]'`,
  'brackets in a text': String.raw`'["' || repeat('[{\"\\', 5000) || '"]'`,
};

describeFrom(16, 'a text that is nested too deeply for the server', () => {
  it('is a reject in writes and in the backfill, and what is wide is none', async () => {
    const all = Object.values({ ...TOO_DEEP, ...CONVERTIBLE });
    for (const body of all) await client.rows(`insert into document (body) values (${body})`);
    const context = await database.open(changeOfBody(textToJsonb));
    await expand(context);
    for (const body of all) {
      await client.rows(`insert into document (body) values ('0')`);
      await client.rows(`update document set body = ${body} where id = (select max(id) from document)`);
      await client.rows(`insert into document (body) values (${body})`);
    }
    await backfill(context);
    const converted = await client.rows(`
      select body, count(body_new)::int as converted, count(*)::int as rows, bool_and(body_new = body::jsonb) as right
      from document where body_new is not null group by body`);
    expect(converted.map(({ converted: count, rows, right }) => ({ count, rows, right }))).toEqual(
      Object.keys(CONVERTIBLE).map(() => ({ count: 3, rows: 3, right: true })),
    );
    await expect(enforce(context)).rejects.toThrow(/: 15 rows have a value that jsonb cannot take/);
    await client.rows(`delete from document where body_new is null`);
    await enforce(context);
    await expect(
      client.rows(`insert into document (body) values (${TOO_DEEP.arrays})`),
    ).rejects.toMatchObject({ code: '22007' });
    await client.rows(`insert into document (body_new) values ((${nested(1_000)})::jsonb)`);
    expect(await client.value(`select body = ${nested(1_000)} from document order by id desc limit 1`)).toBe(
      true,
    );
    await expect(
      client.rows(`insert into document (body_new) values ((${nested(1_001)})::jsonb)`),
    ).rejects.toMatchObject({ code: '22007' });
  });
});

describeFrom(16, 'a value for which a conversion raises an error', () => {
  it('becomes a reject, and the others are filled', async () => {
    await client.rows(
      `insert into document (body) select format('{"n": %s}', n) from generate_series(1, 200) as n`,
    );
    await client.rows(`update document set body = repeat('[', 200000) || repeat(']', 200000) where id = 100`);
    const context = await database.open(changeOfBody(failing));
    await expand(context);
    await backfill(context);
    expect(await client.rows(`select id::int from document where body_new is null`)).toEqual([{ id: 100 }]);
    expect(await client.rows(`select key, reason from online_migration.reject`)).toEqual([
      { key: '100', reason: expect.stringContaining('stack depth limit exceeded') },
    ]);
    await expect(enforce(context)).rejects.toMatchObject(
      refusedWith(
        'REJECTS_LEFT',
        /^Cannot enforce public\.document\.body: 1 rows have a value that jsonb cannot take/,
      ),
    );
    await client.rows(`update document set body = '[]' where id = 100`);
    await enforce(context);
  });
});
