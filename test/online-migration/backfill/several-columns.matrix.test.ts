import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { readBackfillProgress } from '../../../src/online-migration/backfill/plan/progress.ts';
import { readUnfinished } from '../../../src/online-migration/backfill/unfinished.ts';
import { compareColumns } from '../../../src/online-migration/verify/equality-proof.ts';
import { writeControls } from '../../../src/online-migration/state/backfill-controls.ts';
import { pause } from '../../../src/online-migration/postgres/pause.ts';
import type { TestContext } from '../../support/change-cycle.ts';
import { raisingNumeric, READING_CHANGE, readingChange } from '../../support/reading-change.ts';
import { insertReadings, READING_TABLES } from '../../support/reading-table.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const ROWS = 3_000;

const database = databasePerFile();
const { client } = database;

/** Counts the updates of each row from now on. */
async function countUpdates(): Promise<void> {
  await client.rows(`create table written (site integer, "No" integer)`);
  await client.rows(`
    create function note() returns trigger language plpgsql as $$
    begin insert into written values (new.site, new."No"); return null; end $$`);
  await client.rows(`create trigger note after update on reading for each row execute function note()`);
}

/** The rows that were updated several times, and the number of those that were updated once. */
async function updates(): Promise<{ twice: number; once: number }> {
  const [counts] = await client.rows<{ twice: number; once: number }>(`
    select count(*) filter (where n > 1)::int as twice, count(*) filter (where n = 1)::int as once
    from (select count(*) as n from written group by site, "No") as row`);
  return counts!;
}

const counted = () =>
  client.value<number>(`
    select (select coalesce(sum(rows_filled), 0)::int from online_migration.backfill_range)
      + (select rows_swept::int from online_migration.backfill)`);

/** The rows in which a column does not have its converted value. */
const unequal = () =>
  client.rows(`
    select "No" from reading
    where at_new is distinct from at::timestamp at time zone 'UTC' or "Amount_new" is distinct from "Am""ount"
      or weight_new is distinct from case when weight ~ '^[0-9.]+$' then weight::numeric end
    order by 1`);

const rejects = () =>
  client.rows<{ change: string; key: string; raw_value: string; reason: string }>(
    `select change, key, raw_value, reason from online_migration.reject order by key, change`,
  );

async function filled(change: ColumnChange): Promise<TestContext> {
  const context = await database.open(change);
  await expand(context);
  await backfill(context);
  return context;
}

describe.each(Object.entries(READING_TABLES))('the backfill of three columns of %s', (_, tables) => {
  beforeEach(async () => {
    for (const statement of tables) await client.rows(statement);
    await client.rows(insertReadings(ROWS));
    await client.rows(`analyze reading`);
  });

  it('writes each row once, and counts it once', async () => {
    await countUpdates();
    const context = await filled(readingChange({ firesInBackfill: ['note'] }));
    expect(await unequal()).toEqual([]);
    expect(await updates()).toEqual({ twice: 0, once: ROWS });
    expect(await counted()).toBe(ROWS);
    expect(context.lines.find((line) => line.includes(' rows in '))).toContain('backfill: 3,000 rows in ');
    expect((await compareColumns(context, 'read')).differences).toEqual([]);
  });

  it('leaves filled columns as they are, and fills the others of the row', async () => {
    const context = await database.open(readingChange());
    await expand(context);
    // Through the old column, the trigger fills one column of the row.
    await client.rows(`update reading set "Am""ount" = -"No" where "No" <= 10`);
    await client.rows(`update reading set "Amount_new" = -1 where "No" = 11`);
    await backfill(context);
    expect(await unequal()).toEqual([{ No: 11 }]);
    expect(
      await client.rows(`select "Amount_new"::int, at_new is not null as at from reading where "No" = 11`),
    ).toEqual([{ Amount_new: -1, at: true }]);
    expect(await counted()).toBe(ROWS);
  });

  it('records a value that does not convert for its column, and fills the others of the row', async () => {
    await client.rows(`update reading set weight = 'n/a' where "No" in (7, 2000)`);
    await client.rows(`update reading set at = 'now' where "No" in (7, 8)`);
    const change = readingChange();
    const { lines } = await filled(change);
    expect(lines.at(-1)).toContain('; 3 rows did not convert: ');
    expect(await rejects()).toEqual([
      {
        change: `${READING_CHANGE} weight`,
        key: '[0, 2000]',
        raw_value: 'n/a',
        reason: 'no equal value of type numeric(12,2)',
      },
      {
        change: `${READING_CHANGE} at`,
        key: '[0, 8]',
        raw_value: 'now',
        reason: 'no equal value of type timestamptz',
      },
      {
        change: `${READING_CHANGE} at`,
        key: '[3, 7]',
        raw_value: 'now',
        reason: 'no equal value of type timestamptz',
      },
      {
        change: `${READING_CHANGE} weight`,
        key: '[3, 7]',
        raw_value: 'n/a',
        reason: 'no equal value of type numeric(12,2)',
      },
    ]);
    expect(
      await client.rows(`
        select "No", at_new is not null as at, "Amount_new" is not distinct from "Am""ount" as amount, weight_new is not null as weight
        from reading where "No" in (7, 8, 2000) order by "No"`),
    ).toEqual([
      { No: 7, at: false, amount: true, weight: false },
      { No: 8, at: false, amount: true, weight: true },
      { No: 2000, at: true, amount: true, weight: false },
    ]);
    expect(await counted()).toBe(ROWS - 3);
    const progress = await readBackfillProgress(client, change);
    // Three rows, of which one has two rejects.
    expect(await readUnfinished(client, change, progress)).toEqual({ isAbandoned: false, rejects: 3 });
  });

  it('finds values that raise errors in single columns, and fills the others of these rows', async () => {
    await client.rows(`update reading set weight = 'n/a' where "No" % 500 = 3`);
    await client.rows(`update reading set at = 'never' where "No" in (5, 503)`);
    const at = {
      forward: (value: string) => `(${value}::timestamp at time zone 'UTC')`,
      backward: (value: string) => `to_char(${value} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')`,
    };
    await filled(readingChange({ at, weight: raisingNumeric }));
    expect((await rejects()).map(({ change, key, reason }) => [change.split(' ')[1], key, reason])).toEqual([
      ['at', '[1, 5]', 'invalid input syntax for type timestamp: "never"'],
      ['weight', '[3, 1003]', 'invalid input syntax for type numeric: "n/a"'],
      ['weight', '[3, 1503]', 'invalid input syntax for type numeric: "n/a"'],
      ['weight', '[3, 2003]', 'invalid input syntax for type numeric: "n/a"'],
      ['weight', '[3, 2503]', 'invalid input syntax for type numeric: "n/a"'],
      ['weight', '[3, 3]', 'invalid input syntax for type numeric: "n/a"'],
      ['at', '[3, 503]', 'invalid input syntax for type timestamp: "never"'],
      ['weight', '[3, 503]', 'invalid input syntax for type numeric: "n/a"'],
    ]);
    expect(
      await client.value(`
        select count(*)::int from reading
        where (at_new is null) <> (at = 'never') or "Amount_new" is distinct from "Am""ount"
          or weight_new is distinct from case when weight <> 'n/a' then weight::numeric end`),
    ).toBe(0);
    expect(await counted()).toBe(ROWS - 7);
  });

  it('waits for rows that others hold, and writes all columns of these rows once', async () => {
    await client.rows(`update reading set weight = 'n/a' where "No" = 9`);
    await countUpdates();
    const context = await database.open(readingChange({ firesInBackfill: ['note'], weight: raisingNumeric }));
    await expand(context);
    const holder = await database.connect('the holder');
    await holder.rows('begin');
    await holder.rows(`select from reading where "No" in (7, 8, 9, 1501) for update`);
    const going = backfill(context);
    const unfilled = () => client.value<number>(`select count(*)::int from reading where at_new is null`);
    while ((await unfilled()) > 4) await pause(20, context.signal);
    while (!context.lines.some((line) => line.includes('waits for rows that others hold')))
      await pause(20, context.signal);
    await holder.rows('rollback');
    await going;
    expect((await unequal()).length).toBe(0);
    expect(await updates()).toEqual({ twice: 0, once: ROWS });
    expect(await rejects()).toMatchObject([{ key: '[1, 9]', change: `${READING_CHANGE} weight` }]);
    expect(await counted()).toBe(ROWS - 1);
  });

  it('loses no write of clients that write through each of the old columns meanwhile', async () => {
    const context = await database.open(readingChange());
    await expand(context);
    const end = { isReached: false };
    const written = { at: 0, '"Am""ount"': 0, weight: 0 };
    const values = {
      at: (n: number) =>
        `to_char(timestamp '2030-01-01' + ${n} * interval '1 second', 'YYYY-MM-DD HH24:MI:SS')`,
      '"Am""ount"': String,
      weight: (n: number) => `'${n}.25'`,
    };
    const writers = (['at', '"Am""ount"', 'weight'] as const).map(async (column) => {
      const writer = await database.connect(column);
      for (let n = 1; !end.isReached; n++) {
        const row = 1 + ((n * 37) % ROWS);
        await writer.rows(`update reading set ${column} = ${values[column](n)} where "No" = ${row}`);
        written[column] = n;
      }
    });
    // Slower, so that the clients write rows of all ranges.
    await backfill({
      ...context,
      settings: { ...context.settings, backfill: { ...context.settings.backfill, batchMs: 2 } },
    });
    end.isReached = true;
    await Promise.all(writers);
    expect(Math.min(...Object.values(written))).toBeGreaterThan(0);
    expect(await unequal()).toEqual([]);
    expect(await rejects()).toEqual([]);
    expect((await compareColumns(context, 'read')).differences).toEqual([]);
  });
});

describe('the backfill of several columns', () => {
  beforeEach(async () => {
    for (const statement of READING_TABLES['one table']) await client.rows(statement);
    await client.rows(insertReadings(ROWS));
  });

  it('writes no row whose columns are all empty, and counts none', async () => {
    await client.rows(`alter table reading alter column at drop not null`);
    await client.rows(`update reading set at = null, "Am""ount" = null, weight = null where "No" % 2 = 0`);
    await countUpdates();
    const change = readingChange({ firesInBackfill: ['note'] });
    const [at, ...others] = change.columns;
    await filled({ ...change, columns: [{ ...at!, nullable: true }, ...others] });
    expect(await unequal()).toEqual([]);
    expect(await updates()).toEqual({ twice: 0, once: ROWS / 2 });
    expect(await counted()).toBe(ROWS / 2);
  });

  it('moves rows that were written behind its ranges in the sweep, each in one update', async () => {
    await countUpdates();
    const context = await database.open(readingChange({ firesInBackfill: ['note'] }));
    await expand(context);
    const blocked = await database.connect();
    await blocked.rows('begin');
    await blocked.rows(`select from reading where "No" <= 500 for update`);
    const going = backfill(context);
    const unfilled = () => client.value<number>(`select count(*)::int from reading where at_new is null`);
    while ((await unfilled()) > 500) await pause(20, context.signal);
    await writeControls(client, READING_CHANGE, { paused: true });
    await blocked.rows(`update reading set "Am""ount" = 1 where "No" <= 500`);
    await blocked.rows('commit');
    await writeControls(client, READING_CHANGE, { paused: false });
    await going;
    expect(await unequal()).toEqual([]);
    const [most] = await client.rows(`
      select max(n)::int as most from (select count(*) as n from written where "No" <= 500 group by "No") as row`);
    // One by the client, one by the sweep.
    expect(most).toEqual({ most: 2 });
    expect(await counted()).toBe(ROWS);
  });

  it.each([
    ['drops the update', 'return null;', '"at_new", "Amount_new"'],
    ['empties one of the columns', 'new."Amount_new" := null;', '"Amount_new"'],
  ])('ends at a row whose trigger %s, also beside a reject', async (_, body, columns) => {
    await client.rows(`update reading set weight = 'n/a' where "No" = 9`);
    await client.rows(`
      create function judge() returns trigger language plpgsql as $$
      begin if new."No" = 9 then ${body} end if; return new; end $$`);
    await client.rows(`create trigger judge before update on reading for each row execute function judge()`);
    const error: unknown = await filled(
      readingChange({ firesInBackfill: ['judge'], weight: raisingNumeric }),
    ).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ROW_UPDATE_WITHOUT_EFFECT', details: { column: columns } });
    expect((error as Error).message).toContain(
      `Cannot fill ${columns} of "public"."reading" in the row with site, No [1, 9]: nobody holds the row, `,
    );
    expect(await rejects()).toMatchObject([{ change: `${READING_CHANGE} weight` }]);
  });

  it('ends at a row that a constraint refuses, and names the columns that convert', async () => {
    await client.rows(`update reading set weight = 'n/a' where "No" = 9`);
    await client.rows(`alter table reading add constraint not_nine check ("No" <> 9) not valid`);
    const error: unknown = await filled(readingChange({ weight: raisingNumeric })).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'ROW_UPDATE_FAILED' });
    expect((error as Error).message).toMatch(
      /^Cannot fill "at_new", "Amount_new" of .* \[1, 9\]: its values convert, but the update fails with "[^"]*relation "reading" violates check constraint "not_nine""/,
    );
  });

  it('keeps the triggers of each of its columns silent, or refuses if a constraint of one is in the way', async () => {
    await countUpdates();
    await client.rows(`drop trigger note on reading`);
    const context = await database.open(readingChange());
    await expand(context);
    await client.rows(
      `create trigger note after update of weight_new on reading for each row execute function note()`,
    );
    await client.rows(
      `alter table reading add constraint one_amount unique ("No", "Amount_new") deferrable initially deferred`,
    );
    await expect(backfill(context)).rejects.toMatchObject({
      code: 'TRIGGERS_WOULD_FIRE',
      details: {
        column: '"at_new", "Amount_new", "weight_new"',
        obstacles: [
          {
            code: 'TRIGGER_BESIDE_CONSTRAINT',
            message: expect.stringMatching(
              /would leave one_amount of the filled columns unchecked\. Drop that constraint until the columns are filled; /,
            ),
          },
        ],
      },
    });
    await client.rows(`alter table reading drop constraint one_amount`);
    await backfill(context);
    expect(await unequal()).toEqual([]);
    expect(await updates()).toEqual({ twice: 0, once: 0 });
  });
});
