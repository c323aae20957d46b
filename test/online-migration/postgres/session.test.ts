import { describe, expect, it } from '@jest/globals';
import type { OnlineMigrationEvent } from '../../../src/online-migration/change/events.ts';
import { ConnectionLostError, Session } from '../../../src/online-migration/postgres/session.ts';
import { startCuttingProxy } from '../../support/cutting-proxy.ts';
import { connect } from '../../support/database-client.ts';
import { createTestDatabase } from '../../support/test-server.ts';
import { refusedWith } from '../../support/refused-with.ts';

it('takes one processor at most, also for what other sessions share out to several', async () => {
  await using database = await createTestDatabase();
  await using client = await connect(database.url);
  await client.query(`create table wide as select n from generate_series(1, 10000) as n`);
  await client.query(`
    do $$ begin
      execute format('alter database %I set parallel_setup_cost = 0', current_database());
      execute format('alter database %I set parallel_tuple_cost = 0', current_database());
      execute format('alter database %I set min_parallel_table_scan_size = 0', current_database());
    end $$`);

  const plan = `explain (costs off) select count(*) from wide`;
  await using other = await connect(database.url);
  expect(JSON.stringify(await other.rows(plan))).toContain('Workers Planned');
  await using session = await Session.open({ connectionString: database.url }, 'online-migration test');
  expect(JSON.stringify((await session.query(plan)).rows)).not.toContain('Workers Planned');
  const { rows } = await session.query(`show max_parallel_maintenance_workers`);
  expect(rows).toEqual([{ max_parallel_maintenance_workers: '0' }]);
});

it('says that the connection was lost where the server ends it before the first statement', async () => {
  await using database = await createTestDatabase();
  await using proxy = await startCuttingProxy(database.url);
  const opening = Session.open({ connectionString: proxy.url }, 'online-migration test');
  await expect(opening).rejects.toThrow(ConnectionLostError);
  await expect(opening).rejects.toMatchObject(
    refusedWith('CONNECTION_LOST', 'terminating connection due to administrator command'),
  );
});

it('names the failed one of several statements in one message', async () => {
  await using database = await createTestDatabase();
  await using session = await Session.open({ connectionString: database.url }, 'online-migration test');
  const failed = session.batch([create('one'), create('two'), create('one'), create('three')]);
  await expect(failed).rejects.toMatchObject({
    code: '42P07',
    message: 'relation "one" already exists\nFailed statement: create table one (id bigint)',
  });
  const invalid = session.batch([create('four'), 'drop table five', create('six')]);
  await expect(invalid).rejects.toThrow('table "five" does not exist\nFailed statement: drop table five');
  await session.batch([create('one'), create('two')]);
  expect((await session.query(`select to_regclass('two') is not null as found`)).rows).toEqual([
    { found: true },
  ]);
});

function create(name: string): string {
  return `create table ${name} (id bigint)`;
}

describe('an interrupt', () => {
  const reason = new Error('told to end');

  async function interrupted(
    url: string,
    work: (session: Session, interrupt: () => void) => Promise<unknown>,
  ): Promise<{ outcome: unknown; lines: string[]; next: unknown[] }> {
    const controller = new AbortController();
    const lines: string[] = [];
    const interrupt = {
      signal: controller.signal,
      emit: ({ message = '' }: OnlineMigrationEvent) => lines.push(message),
    };
    await using session = await Session.open({ connectionString: url }, 'online-migration test', interrupt);
    const outcome = await work(session, () => controller.abort(reason)).catch((error: unknown) => error);
    expect(session.inTransaction).toBe(false);
    // Nothing is left that would meet the next statements.
    const next = [await session.query(`select 1 as one, pg_sleep(0.5)::text as slept`)];
    return { outcome, lines, next: next.flatMap(({ rows }) => rows) };
  }

  it.each([
    [
      'in a transaction',
      (session: Session, sql: string) => session.withoutStatementTimeout(() => session.query(sql)),
    ],
    ['outside of one', (session: Session, sql: string) => session.runUnlimited(sql)],
  ])('cancels a statement without a timeout %s, says which, and harms no later one', async (_, run) => {
    await using database = await createTestDatabase();
    const { outcome, lines, next } = await interrupted(database.url, async (session, interrupt) => {
      await using client = await connect(database.url);
      const sleeping = run(session, `select  pg_sleep(3600)`);
      const count = `select count(*)::int from pg_stat_activity
        where datname = current_database() and wait_event = 'PgSleep'`;
      while ((await client.value(count)) === 0);
      interrupt();
      await sleeping;
    });
    expect(outcome).toBe(reason);
    expect(lines).toEqual(['Cancels the statement that runs: select pg_sleep(3600)']);
    expect(next).toEqual([{ one: 1, slept: '' }]);
  });

  it('that has come before keeps it from beginning', async () => {
    await using database = await createTestDatabase();
    const { outcome, lines } = await interrupted(database.url, async (session, interrupt) => {
      interrupt();
      await session.withoutStatementTimeout(() => session.query(`select pg_sleep(3600)`));
    });
    expect({ outcome, lines }).toEqual({ outcome: reason, lines: [] });
  });

  it('leaves one with a timeout alone', async () => {
    await using database = await createTestDatabase();
    const { outcome } = await interrupted(database.url, async (session, interrupt) => {
      const sleeping = session.query(`select pg_sleep(0.5)`);
      interrupt();
      await sleeping;
    });
    expect(outcome).toBeUndefined();
  });
});
