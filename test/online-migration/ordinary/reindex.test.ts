import { describe, expect, it } from '@jest/globals';
import { lockWaiter, terminateSession } from '../../support/lock-waits.ts';
import { ordinaryRun } from '../../support/ordinary-run.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table "Odd ""Name""" (id int primary key, total int)`,
  `create index "Total ""t""" on "Odd ""Name""" (total)`,
  `insert into "Odd ""Name""" select n, n from generate_series(1, 1000) n`,
  `create table parted (id int primary key) partition by range (id)`,
  `create table parted_1 partition of parted for values from (0) to (1000)`,
  `insert into parted select generate_series(1, 100)`,
  `create table empty (id int primary key)`,
  `analyze`,
);

const { plan, run, runWithInterruptions, catalogAsWritten, catalog, harmfulIn } = ordinaryRun(database);

const INDEX = `reindex index "Total ""t"""`;

const file = async (relation: string) =>
  database.client.value<number>(`select pg_relation_filenode($1::regclass)::int`, [relation]);

describe('an ordinary migration that reindexes', () => {
  it.each([
    [INDEX, '"Total ""t"""'],
    [`reindex table public."Odd ""Name"""`, '"Total ""t"""'],
    [`reindex (verbose) table concurrently "Odd ""Name"""`, '"Odd ""Name""_pkey"'],
    [`reindex table parted`, 'parted_1_pkey'],
  ])('does so concurrently: %s', async (statement, index) => {
    const before = await file(index);
    const expected = await catalog();
    expect((await plan([statement])).steps.map(({ kind }) => kind)).toEqual(['reindex']);
    expect(await harmfulIn([statement])).toEqual([]);
    expect(await file(index)).not.toBe(before);
    expect(await catalog()).toEqual(expected);
  });

  it('runs as it is on a table without rows, and is refused for a whole schema', async () => {
    expect((await plan([`reindex table empty`])).steps.map(({ kind }) => kind)).toEqual(['together']);
    const { statements } = await plan([`reindex schema public`]);
    expect(statements[0]!.verdict.kind).toBe('refused');
  });

  it('drops the INVALID index that an interrupted run leaves', async () => {
    const statements = [INDEX, `create index on "Odd ""Name""" (id, total)`];
    const expected = await catalogAsWritten(statements.slice(1));
    const writer = await database.connect('an older transaction');
    await writer.rows('begin');
    await writer.rows(`update "Odd ""Name""" set total = total where id = 1`);
    const failed = run(statements).catch((error: Error) => error);
    await terminateSession(await lockWaiter(database.url));
    expect(await failed).toBeInstanceOf(Error);
    await writer.rows('commit');
    expect(
      await database.client.rows(
        `select indexrelid::regclass::text as name from pg_index where not indisvalid`,
      ),
    ).toEqual([{ name: '"Total ""t""_ccnew"' }]);
    await runWithInterruptions(statements);
    expect(await catalog()).toEqual(expected);
  });
});
