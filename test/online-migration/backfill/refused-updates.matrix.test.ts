import { describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '../../../src/online-migration/change/error-codes.ts';
import { BackfillError } from '../../../src/online-migration/backfill/plan/backfill-error.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { pause } from '../../../src/online-migration/postgres/pause.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect } from '../../support/database-client.ts';
import { eventChange } from '../../support/event-change.ts';
import { expectAllFilled, fillEventTable, MOMENT } from '../../support/event-table.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const ROWS = 1_000;

const database = databasePerTest(
  `create table event (id bigint primary key, at varchar(50) not null)`,
  `insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`,
);
const { client } = database;

/** Makes a trigger that runs some PL/pgSQL at each update of a row. */
async function createTrigger(timing: 'before' | 'after', body: string): Promise<void> {
  await client.rows(
    `create function judge() returns trigger language plpgsql as $$ begin ${body} return new; end $$`,
  );
  await client.rows(`create trigger judge ${timing} update on event for each row execute function judge()`);
}

const declared: ColumnChange = { ...eventChange, firesInBackfill: ['judge'] };
/** Values that are longer than the new type allows convert all the same. */
const shortened = changeOf('event.at', {
  from: 'varchar(50)',
  to: 'varchar(6)',
  conversion: { forward: (value) => value, backward: (value) => value },
});

async function failure(code: ErrorCode, change = declared, isExpanded = false): Promise<string> {
  const error: unknown = await fillEventTable(database.url, change, { isExpanded }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BackfillError);
  expect(error).toMatchObject({ code });
  return (error as Error).message;
}

const rejects = () => client.value(`select count(*)::int from online_migration.reject`);

describe('a trigger that may fire and', () => {
  it.each([
    ['drops the update', 'if new.id = 7 then return null; end if;'],
    ['takes the value out again', 'if new.id = 7 then new.at_new := null; end if;'],
  ])('%s is named, and the backfill ends', async (_, body) => {
    await createTrigger('before', body);
    const message = await failure('ROW_UPDATE_WITHOUT_EFFECT');
    expect(message).toMatch(
      /^Cannot fill "at_new" of "public"\."event" in the row with id 7: nobody holds the row, its value converts, and an update leaves it as it is\. /,
    );
    expect(message).toContain('judge on public.event, which calls public.judge()');
    expect(await rejects()).toBe(0);
    await client.rows(`drop trigger judge on event`);
    await fillEventTable(database.url, declared, { isExpanded: true });
    await expectAllFilled(client, ROWS);
  });

  it.each(['before', 'after'] as const)(
    'raises %s an update is named, and its row is no reject',
    async (timing) => {
      await createTrigger(timing, `if new.id = 7 then raise exception 'event 7 is closed'; end if;`);
      const message = await failure('ROW_UPDATE_FAILED');
      expect(message).toMatch(
        /in the row with id 7: its value converts, but the update fails with "event 7 is closed"\. Triggers that fire for it: judge on public\.event, which calls public\.judge\(\)\./,
      );
      expect(await rejects()).toBe(0);
      await client.rows(`drop trigger judge on event`);
      await fillEventTable(database.url, declared, { isExpanded: true });
      await expectAllFilled(client, ROWS);
    },
  );

  it.each(['55000', '42501', 'AB123'])('raises with the code %s is named as well', async (code) => {
    await createTrigger('before', `raise exception 'event % is closed', new.id using errcode = '${code}';`);
    expect(await failure('ROW_UPDATE_FAILED')).toMatch(
      /its value converts, but the update fails with "event \d+ is closed"\. Triggers that fire for it: judge on public\.event/,
    );
    expect(await rejects()).toBe(0);
  });

  it('raises at every update, as of a table that rows are only added to, leaves no reject behind', async () => {
    await createTrigger('before', `raise exception 'rows are only added';`);
    expect(await failure('ROW_UPDATE_FAILED')).toContain('the update fails with "rows are only added"');
    expect(await rejects()).toBe(0);
    // Silent, it is in nobody's way.
    await fillEventTable(database.url, eventChange, { isExpanded: true });
    await expectAllFilled(client, ROWS);
  });
});

it('a row that breaks a constraint that was never validated is no reject', async () => {
  await client.rows(`alter table event add constraint not_seven check (id <> 7) not valid`);
  expect(await failure('ROW_UPDATE_FAILED', eventChange)).toMatch(
    /in the row with id 7: .* violates check constraint "not_seven"". No trigger of the table fires for it, so look at its constraints and publications\./,
  );
  expect(await rejects()).toBe(0);
});

it.each([
  ['one of its batch ahead of it is locked', 9],
  ['one of its batch behind it is locked', 25],
  ['it is locked itself', 17],
])('a value that is too long for the column is a reject, though %s', async (_, locked) => {
  await client.rows(`update event set at = case when id = 17 then '1234567' else '123456' end`);
  const context = await database.open(shortened);
  await expand(context);
  await using holder = await connect(database.url);
  await holder.rows('begin');
  await holder.rows(`select from event where id = ${locked} for update`);
  const filled = backfill(context);
  const end = { isReached: false };
  const failed = filled.catch((error: unknown) => error).finally(() => (end.isReached = true));
  const unfilled = () => client.value<number>(`select count(*)::int from event where at_new is null`);
  while (!end.isReached && (await unfilled()) > new Set([17, locked]).size) await pause(20, context.signal);
  while (!end.isReached && !context.lines.some((line) => line.includes('waits for rows that others hold'))) {
    await pause(20, context.signal);
  }
  expect(end.isReached ? await failed : null).toBeNull();
  await holder.rows('rollback');
  await filled;
  expect(await client.rows(`select key from online_migration.reject`)).toEqual([{ key: '17' }]);
  expect(await unfilled()).toBe(1);
});

it('a value that is too long for the column is a reject, though triggers may fire', async () => {
  await client.rows(`update event set at = case when id = 7 then '1234567' else '123456' end`);
  await createTrigger('before', '');
  await fillEventTable(database.url, { ...shortened, firesInBackfill: ['judge'] });
  expect(await client.rows(`select key, reason from online_migration.reject`)).toEqual([
    { key: '7', reason: 'no equal value of type varchar(6)' },
  ]);
  expect(await client.value(`select count(*)::int from event where at_new is null`)).toBe(1);
});

describe('a reject that cannot be recorded ends the backfill, with the reason of the database,', () => {
  const numbered = changeOf('event.at', {
    from: 'varchar(50)',
    to: 'numeric(12,2)',
    conversion: textToNumeric(12, 2),
  });

  it.each([
    ['if its conversion gives no value', numbered],
    ['if its conversion raises an error', shortened],
  ])('%s', async (_, change) => {
    await client.rows(`update event set at = case when id = 7 then '1234567 8' else '12.5' end`);
    const context = await database.open(change);
    await expand(context);
    await client.rows(
      `alter table online_migration.reject add constraint no_long_keys check (length(key) < 1)`,
    );
    expect(await failure('REJECT_NOT_RECORDED', change, true)).toMatch(
      /^Cannot fill "at_new" of "public"\."event": some values do not convert, and online_migration\.reject refuses the record of their rows with ".* violates check constraint "no_long_keys""\. Remove /,
    );
    await client.rows(`alter table online_migration.reject drop constraint no_long_keys`);
    await fillEventTable(database.url, change, { isExpanded: true });
    expect(await client.value(`select string_agg(key, ' ') from online_migration.reject`)).toBe('7');
    expect(await client.value(`select count(*)::int from event where at_new is null`)).toBe(1);
  });
});
