import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startThrowawayPostgres } from '../../../src/database/throwaway-postgres.ts';
import { writeControls } from '../../../src/online-migration/backfill/controls.ts';
import { namesOf } from '../../../src/online-migration/names.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventChange, expectAllFilled, fillEventTable, MOMENT } from '../../support/event-table.ts';

const ROWS = 20_000;
const CHANGE = namesOf(eventChange).change;

const resources = new AsyncDisposableStack();
let client: DatabaseClient;
let url: string;
let filling: Promise<string[]>[];

// A server of its own, whose autovacuum comes every second and finds each changed table worth its while.
beforeAll(async () => {
  const settings = {
    fsync: 'off',
    autovacuum_naptime: '1s',
    autovacuum_vacuum_threshold: '1',
    autovacuum_vacuum_scale_factor: '0',
    autovacuum_analyze_threshold: '1',
    autovacuum_analyze_scale_factor: '0',
  };
  url = resources.use(await startThrowawayPostgres({ settings })).url();
  client = resources.use(await connect(url));
  await client.rows(`create table witness (id int)`);
  // Long enough for a pause to come in the middle.
  await client.rows(`
    create function slow() returns trigger language plpgsql as $$
    begin
      perform sum(n) from generate_series(1, 1000) as n;
      return new;
    end $$`);
  filling = await startPausedBackfill();
});
afterAll(() => resources.disposeAsync());

/** Makes the table anew and fills it, up to a pause in the middle of a range. */
async function startPausedBackfill(): Promise<Promise<string[]>[]> {
  await client.rows(`drop schema if exists online_migration cascade`);
  await client.rows(`drop table if exists event`);
  await client.rows(`create table event (id bigint primary key, at varchar(50))`);
  await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
  await client.rows(`create trigger slow before update on event for each row execute function slow()`);
  const started = fillEventTable(url);
  await until(() => writeControls(client, CHANGE, { paused: true }).catch(() => false));
  await until(async () => (await holder()) !== undefined);
  return [started];
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

/** The session that keeps autovacuum away. */
async function holder(): Promise<{ pid: number; xid: string | null; xmin: string | null } | undefined> {
  const [row] = await client.rows<{ pid: number; xid: string | null; xmin: string | null }>(`
    select a.pid, a.backend_xid::text as xid, a.backend_xmin::text as xmin
    from pg_locks l join pg_stat_activity a using (pid)
    where l.relation = 'event'::regclass and l.mode = 'ShareUpdateExclusiveLock' and l.granted
      and a.state = 'idle in transaction'`);
  return row;
}

const visits = (table: string) =>
  client.value<number>(`
    select (autovacuum_count + autoanalyze_count)::int from pg_stat_user_tables where relname = '${table}'`);

/** Resolves when autovacuum has been at the other table twice more. */
async function untilAutovacuumHasPassed(): Promise<void> {
  const before = await visits('witness');
  await until(async () => {
    await client.rows(`insert into witness values (1)`);
    await client.rows(`delete from witness`);
    return (await visits('witness')) >= before + 4;
  });
}

describe('while a backfill runs', () => {
  it('autovacuum passes the table over', async () => {
    await untilAutovacuumHasPassed();
    const before = await visits('event');
    await client.rows(`update event set at = at where id <= 100`);
    await untilAutovacuumHasPassed();
    expect(await visits('event')).toBe(before);
  });

  it('what keeps it away holds back no vacuum of other tables, and neither reads nor writes', async () => {
    expect(await holder()).toMatchObject({ xid: null, xmin: null });
    await client.rows(`set statement_timeout = '5s'`);
    await client.rows(`insert into event values (0, '2024-01-01 10:00:00')`);
    await client.rows(`delete from event where id = 0`);
    expect(await client.value(`select count(*)::int from event`)).toBe(ROWS);
  });

  it('someone who needs the same lock has it when the range is done, and autovacuum comes behind the backfill', async () => {
    await using operator = await connect(url, 'operator');
    const indexed = operator.rows(`create index concurrently event_at on event (at)`);
    await until(() =>
      client.value<boolean>(
        `select exists (select from pg_locks where pid = ${operator.pid} and not granted)`,
      ),
    );
    await writeControls(client, CHANGE, { paused: false });
    await indexed;
    const [log] = await Promise.all(filling);
    expect(log?.at(-1)).toContain('rows in');
    await expectAllFilled(client, ROWS);
    await until(async () => (await visits('event')) > 0);
  });
});

describe('a backfill whose hold on the table is cut', () => {
  it('goes on to its end', async () => {
    const again = await startPausedBackfill();
    await client.rows(`select pg_terminate_backend($1, 5000)`, [(await holder())!.pid]);
    await writeControls(client, CHANGE, { paused: false });
    await Promise.all(again);
    await expectAllFilled(client, ROWS);
  });
});
