import { beforeEach, describe, expect, it } from '@jest/globals';
import { describePreflight } from '../../../src/online-migration/cli/preflight-text.ts';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import type { ValuesClassified } from '../../../src/online-migration/change/events.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { readChecklist } from '../../../src/online-migration/verify/checklist.ts';
import { compareColumns } from '../../../src/online-migration/verify/equality-proof.ts';
import type { Queryable } from '../../../src/online-migration/postgres/queryable.ts';
import { preflight } from '../../../src/online-migration/verify/preflight.ts';
import { classifyValues } from '../../../src/online-migration/verify/value-classes.ts';
import { raisingNumeric, READING_CHANGE, readingChange } from '../../support/reading-change.ts';
import { insertReadings, READING_TABLES } from '../../support/reading-table.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const ROWS = 2_000;

const database = databasePerFile();
const { client } = database;

const isReady = async () => (await preflight(readingChange(), { connection: database.url })).isReady;

const withoutKey = (change: ColumnChange): ColumnChange => ({ ...change, key: [] });

describe.each(Object.entries(READING_TABLES))('the proof of three columns of %s', (_, tables) => {
  beforeEach(async () => {
    for (const statement of tables) await client.rows(statement);
    await client.rows(insertReadings(ROWS));
  });

  it('names the column of each difference, with a key and without one', async () => {
    const context = await database.open(readingChange());
    await expand(context);
    await backfill(context);
    await client.rows(`
      update reading set "Amount_new" = -1, weight_new = null, at_new = '2000-01-01 00:00:00Z' where "No" = 9`);
    const expected = [
      { column: 'at', oldValue: '2024-01-01 10:00:09', newValue: expect.stringMatching(/^(1999|2000)-/) },
      { column: 'Am"ount', oldValue: '36', newValue: '-1' },
      { column: 'weight', oldValue: '9.50', newValue: null },
    ];
    expect((await compareColumns(context, 'read')).differences).toEqual(
      expected.map((difference) => ({ ...difference, key: '[1, 9]' })),
    );
    const { differences: atOnce } = await compareColumns(
      { ...context, change: withoutKey(context.change) },
      'read',
    );
    expect(atOnce.map(({ key: _key, ...difference }) => difference)).toEqual(expected);
  });

  it('takes a reject of one column as equal in this column only', async () => {
    await client.rows(`update reading set weight = 'n/a' where "No" = 9`);
    const context = await database.open(readingChange());
    await expand(context);
    await backfill(context);
    expect((await compareColumns(context, 'read')).differences).toEqual([]);
    await client.rows(`update reading set "Amount_new" = null where "No" = 9`);
    expect((await compareColumns(context, 'read')).differences).toMatchObject([
      { column: 'Am"ount', key: '[1, 9]' },
    ]);
    await expect(enforce(context)).rejects.toMatchObject({ code: 'ROWS_DIFFER' });
  });

  it('reports at most ten rows, the first ones by key', async () => {
    const context = await database.open(readingChange());
    await expand(context);
    await backfill(context);
    await client.rows(`update reading set "Amount_new" = -1, at_new = '2000-01-01Z'`);
    const { differences } = await compareColumns(context, 'read');
    const keys = Array.from({ length: 10 }, (_key, index) => `[0, ${4 + 4 * index}]`);
    expect(differences.map(({ column, key }) => `${column} ${key}`)).toEqual([
      ...keys.map((key) => `at ${key}`),
      ...keys.map((key) => `Am"ount ${key}`),
    ]);
  });

  it('keeps the values of each column that cannot be rebuilt, and the way back restores them', async () => {
    await client.rows(`update reading set weight = '0' || weight where "No" % 100 = 3`);
    await client.rows(`update reading set at = at || '.50' where "No" % 200 = 3`);
    const state = () =>
      client.rows(`select site, "No", at, "Am""ount", weight from reading order by site, "No"`);
    const before = await state();
    const context = await database.open(readingChange());
    for (const phase of [expand, backfill, enforce, contract]) await phase(context);
    expect(
      await client.rows(`
        select change, count(*)::int as values, min(raw_value) as first from online_migration.kept_value group by 1 order by 1`),
    ).toEqual([
      { change: `${READING_CHANGE} at`, values: ROWS / 200, first: '2024-01-01 10:00:03.50' },
      { change: `${READING_CHANGE} weight`, values: 17, first: expect.stringMatching(/^0\d+\.50$/) },
    ]);
    await client.rows(`update reading set weight_new = 7 where "No" = 103`);
    await revertContract(context);
    const changed = (await state()).filter(
      (row, index) => JSON.stringify(row) !== JSON.stringify(before[index]),
    );
    expect(changed).toEqual([{ ...before.find(({ No }) => No === 103), weight: '7.00' }]);
    expect(await client.value(`select count(*)::int from online_migration.reject`)).toBe(0);
  });
});

describe('preflight of three columns', () => {
  beforeEach(async () => {
    for (const statement of READING_TABLES['one table']) await client.rows(statement);
    await client.rows(insertReadings(70));
    await client.rows(`update reading set weight = 'n/a' where "No" in (9, 10)`);
    await client.rows(`update reading set at = at || '.50' where "No" = 3`);
  });

  it('classifies the values of each column', async () => {
    const events: ValuesClassified[] = [];
    const change = readingChange({ weight: raisingNumeric });
    const result = await preflight(change, {
      connection: database.url,
      onEvent: (event) => {
        if (event.type === 'values-classified') events.push(event);
      },
    });
    expect(result).toMatchObject({ stage: 'initial', obstacles: [], areValuesChecked: true, isReady: false });
    const sizes = result.values.map(({ column, valueClass, rows }) => `${column} ${valueClass} ${rows}`);
    expect(sizes).toEqual([
      'at kept 1',
      'at rebuildable 69',
      'Am"ount null 14',
      expect.stringMatching(/^Am"ount rebuildable/),
      expect.stringMatching(/^Am"ount rebuildable/),
      expect.stringMatching(/^Am"ount rebuildable/),
      'weight reject 2',
      'weight null 10',
      expect.stringMatching(/^weight rebuildable/),
      expect.stringMatching(/^weight rebuildable/),
    ]);
    expect(events.at(-1)).toMatchObject({ rows: 70, message: 'preflight: 70 rows checked' });
    const lines = describePreflight(change, result);
    expect(lines.filter((line) => line.startsWith('Values of '))).toEqual([
      'Values of at:',
      'Values of Am"ount:',
      'Values of weight:',
    ]);
    const weight = lines.slice(lines.indexOf('Values of weight:'));
    expect(weight.slice(1, 4)).toEqual([
      '2 rows do not convert: correct them before they are enforced',
      '  2 like "a/a": site, No [1, 9]: "n/a", site, No [2, 10]: "n/a"',
      '    the conversion raises an error; let it return null instead: invalid input syntax for type numeric: "n/a"',
    ]);
  });

  it.each(['', 'without its key'])('reads each row once for all columns %s', async (key) => {
    // Only in the last row, so that the first batches have no error.
    await client.rows(`update reading set weight = '1.00' where weight = 'n/a'`);
    await client.rows(insertReadings(2_000).replace('generate_series(1,', 'generate_series(71,'));
    await client.rows(`update reading set weight = 'n/a' where "No" = 2000`);
    await client.rows('analyze reading');
    const declared = readingChange({ weight: raisingNumeric });
    const change = key === '' ? declared : withoutKey(declared);
    const statements: string[] = [];
    const watched: Queryable = {
      query: (text, values) => {
        if (text.includes('as old_0')) statements.push(text);
        return client.query(text, values);
      },
    };
    const rows: number[] = [];
    const groups = await classifyValues(watched, change, (event) => rows.push(event.rows));
    expect(rows).toEqual(rows.toSorted((a, b) => a - b));
    expect(rows.at(-1)).toBe(2_000);
    for (const column of ['at', 'Am"ount', 'weight']) {
      const ofColumn = groups.filter((group) => group.column === column);
      expect(ofColumn.reduce((sum, group) => sum + group.rows, 0)).toBe(2_000);
    }
    expect(groups.filter(({ valueClass }) => valueClass === 'reject')).toMatchObject([
      { column: 'weight', form: 'a/a', rows: 1, error: expect.stringContaining('invalid input syntax') },
    ]);
    // Only the row with the error is read for each column, once the statement for all of them has failed.
    expect(statements.filter((text) => !text.includes('as old_2')).length).toBe(4);
  });

  it('is not ready because of one column, and ready without its rejects', async () => {
    expect(await isReady()).toBe(false);
    await client.rows(`update reading set weight = '1.00' where weight = 'n/a'`);
    expect(await isReady()).toBe(true);
  });

  it('tells an obstacle of one column with its place in the declaration, at each stage', async () => {
    const change = readingChange();
    const [at, amount, weight] = change.columns;
    const misspelt = {
      ...change,
      columns: [at!, amount!, { ...weight!, to: { ...weight!.to, type: 'numerik' } }],
    };
    const result = await preflight(misspelt, { connection: database.url });
    expect(result.obstacles).toMatchObject([
      { code: 'TYPE_NOT_FOUND', details: { property: 'columns[2].to.type' } },
    ]);
    expect(describePreflight(misspelt, result)).toEqual([
      expect.stringMatching(/^In the way: .*`columns\[2\]\.to\.type`/),
      'The values were not checked yet.',
    ]);
  });

  it('says once what people must check for all columns, and the rest for each column', async () => {
    expect(await readChecklist(client, readingChange())).toEqual([
      'Programs that use at, Am"ount or weight and do not follow the active columns: they fail from contract on.',
      '`copy reading` and `insert into reading values (…)` without a list of columns: at_new, Amount_new and weight_new come ' +
        'last. From expand on a copy fails, from contract on a value goes into another column, without an error if the type fits.',
      expect.stringMatching(/^Prepared statements with `select \*`/),
    ]);
    await client.rows(`
      create table note (reading_id integer, "reading_am""ount" integer);
      create view heavy as select site, weight, at from reading where weight is not null;
      create function f() returns trigger language plpgsql as $$ begin return new; end $$;
      create trigger stamp before update on reading for each row execute function f()`);
    expect((await readChecklist(client, { ...readingChange(), renameInContract: true })).slice(3)).toEqual([
      'note."reading_am""ount" has no foreign key and is called as if it held values of Am"ount: if it does, it needs a change of its own.',
      expect.stringMatching(/^Triggers that do not fire for the rows that a backfill updates: stamp\. /),
      'The view public.heavy: contract makes it anew from the same definition, weight becomes numeric(12,2), at becomes timestamp ' +
        'with time zone. Check that its expressions mean the same for timestamptz, bigint and numeric(12,2), whose text and ' +
        'date depend on the time zone of the session.',
    ]);
    expect(await readChecklist(client, { ...readingChange(), renameInContract: true })).toContain(
      'Programs that use at, Am"ount or weight and do not follow the active columns: from contract on, they get and must give ' +
        'values of timestamptz for at, bigint for Am"ount and numeric(12,2) for weight.',
    );
  });
});
