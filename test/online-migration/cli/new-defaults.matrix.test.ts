import { FIRST_MIGRATIONS } from '../../support/new-migrations.ts';
import { describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { planChange } from '../../../src/online-migration/new-change/plan-change.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile();
const { client } = database;

const ZONE = 'Europe/Berlin';
const OTHER_ZONE = 'America/New_York';

/** Plans the change of `event.at` as `new` does. */
async function planned(to: string, zone: string): Promise<ColumnChange> {
  const context = await database.open({
    table: { schema: 'public', name: 'event' },
    key: 'id',
    columns: [{ from: { name: 'at', type: 'text' }, to: { name: 'x', type: 'text' } }],
  });
  const { change } = await planChange(
    context.session,
    {
      table: 'event',
      columns: ['at'],
      from: undefined,
      to,
      newColumn: undefined,
      zone,
      rename: undefined,
      renameInContract: false,
    },
    FIRST_MIGRATIONS,
    [],
  );
  return change;
}

describe('the default that new writes for a local time that becomes a point in time', () => {
  it.each([
    ['timestamp', 'now()', 'now()'],
    ['timestamp', 'current_timestamp', 'CURRENT_TIMESTAMP'],
    ['timestamp(3)', 'localtimestamp(3)', 'CURRENT_TIMESTAMP(3)'],
    ['timestamp', 'now()::timestamp', 'now()'],
    ['timestamp', `now() + interval '1 minute'`, `(now() + '00:01:00'::interval)`],
    ['timestamp', 'clock_timestamp()', 'clock_timestamp()'],
    ['timestamp', `(now() at time zone 'europe/berlin')`, 'now()'],
    ['timestamp', `timezone('Europe/Berlin', statement_timestamp())`, 'statement_timestamp()'],
  ])('%s default %s is the same moment in a session of any zone', async (type, given, expected) => {
    await client.rows(
      `create table event (id bigint primary key, at ${type} not null default ${given});
       insert into event values (1, '2024-07-01 12:00:00')`,
    );
    const before = await client.value(`select pg_get_expr(adbin, adrelid) from pg_attrdef`);
    const change = await planned('timestamptz', ZONE);
    expect(change.columns[0]!.to.default).toBe(expected);
    await database.runPhases(change, PHASES.up);
    await client.rows(`set timezone = '${OTHER_ZONE}'; insert into event values (2); set timezone = 'UTC'`);
    expect(
      await client.rows(
        `select id::int as id, at = '2024-07-01 10:00:00+00' as is_kept, abs(extract(epoch from now() - at)) < 120 as is_now from event order by id`,
      ),
    ).toEqual([
      { id: 1, is_kept: true, is_now: false },
      { id: 2, is_kept: false, is_now: true },
    ]);
    await client.rows(`delete from event where id = 2`);
    await database.runPhases(change, PHASES.down);
    expect(await client.value(`select pg_get_expr(adbin, adrelid) from pg_attrdef`)).toBe(before);
    expect(await client.value(`select at::text from event`)).toBe('2024-07-01 12:00:00');
  });

  it('is the day of the zone for a date', async () => {
    await client.rows(`create table event (id bigint primary key, at date not null default current_date)`);
    const change = await planned('timestamptz', ZONE);
    await database.runPhases(change, PHASES.up);
    await client.rows(
      `set timezone = 'Pacific/Kiritimati'; insert into event values (1); set timezone = 'UTC'`,
    );
    expect(await client.value(`select at = date_trunc('day', now(), '${ZONE}') from event`)).toBe(true);
  });

  it('is converted if it is a literal, or the local time of another zone', async () => {
    await client.rows(
      `create table event (id bigint primary key, at timestamp not null default '2024-07-01 12:00:00')`,
    );
    expect((await planned('timestamptz', ZONE)).columns[0]!.to.default).toBe(
      `'2024-07-01 10:00:00+00'::timestamp with time zone`,
    );
    await client.rows(`alter table event alter at set default (now() at time zone 'utc')`);
    expect((await planned('timestamptz', ZONE)).columns[0]!.to.default).toContain('AT TIME ZONE');
    expect((await planned('timestamptz', 'UTC')).columns[0]!.to.default).toBe('now()');
  });
});
