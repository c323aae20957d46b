import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { openContext, type TestContext } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventChange } from '../../support/event-change.ts';
import { fillEventTable, MOMENT } from '../../support/event-table.ts';
import { startOwnServer } from '../../support/own-server.ts';

const accountChange = changeOf('account.id', { from: 'integer', to: 'bigint', conversion: integerToBigint });
const ROWS = 20_000;
/** A vacuum of the table takes a tenth of a second for each of some hundred pages. */
const SLOWLY = { delay: 'vacuum_cost_delay = 100', limit: 'vacuum_cost_limit = 1' };
/** A table on which autovacuum does nothing yet; when it is enabled, it comes for one dead row, and stays for long. */
const VACUUMED = `
  autovacuum_enabled = off, autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
  autovacuum_${SLOWLY.delay}, autovacuum_${SLOWLY.limit}`;
/** The least that PostgreSQL takes for `autovacuum_freeze_max_age`. */
const FREEZE_MAX_AGE = 100_000;
/** Far below the time that the phase waits for a vacuum. */
const LONGEST_WAIT = '500ms';
const RUN_MS = 60_000;

const server = new AsyncDisposableStack();
let url: string;
let client: DatabaseClient;
let resources: AsyncDisposableStack;
let context: TestContext;

beforeAll(async () => {
  const settings = { fsync: 'off', autovacuum_naptime: '1s' };
  url = server.use(await startOwnServer(settings)).url();
  client = server.use(await connect(url));
}, RUN_MS);
afterAll(() => server.disposeAsync());

/** A filled table that waits for enforce, and on which autovacuum does nothing yet. */
beforeEach(async () => {
  resources = new AsyncDisposableStack();
  await client.rows(`drop table if exists event; drop schema if exists online_migration cascade`);
  await client.rows(`create table event (id bigint primary key, at varchar(50) not null) with (${VACUUMED})`);
  await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
  await fillEventTable(url);
  context = resources.use(await openContext(url, eventChange));
}, RUN_MS);
afterEach(() => resources.disposeAsync());

async function until<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The process of autovacuum that has locked a table. */
const autovacuum = (table = 'event') =>
  until(async () => {
    const [worker] = await client.rows<{ pid: number; query: string }>(`
      select a.pid, a.query from pg_locks l join pg_stat_activity a using (pid)
      where l.relation = '${table}'::regclass and l.mode = 'ShareUpdateExclusiveLock' and l.granted
        and a.backend_type = 'autovacuum worker'`);
    return worker;
  });

const finishedVacuums = (table = 'event') =>
  client.value<number>(`
    select (autovacuum_count + autoanalyze_count)::int from pg_stat_user_tables where relname = '${table}'`);

const retries = () => context.lines.filter((line) => line.includes('no lock on'));

describe('a phase, while a table is vacuumed,', () => {
  it(
    'waits until autovacuum gives way, and needs no second try',
    async () => {
      await client.rows(`update event set at = at`);
      await client.rows(`alter table event set (autovacuum_enabled = on)`);
      const worker = await autovacuum();
      await enforce(context);
      expect(retries()).toEqual([]);
      expect(await finishedVacuums()).toBe(0);
      expect(
        await client.value(
          `select exists (select from pg_locks where pid = ${worker.pid} and relation = 'event'::regclass)`,
        ),
      ).toBe(false);
    },
    RUN_MS,
  );

  it(
    'waits so for autovacuum on a table that refers to the column, too',
    async () => {
      await client.rows(`drop table if exists entry, account`);
      await client.rows(`create table account (id integer primary key); insert into account values (1)`);
      await client.rows(
        `create table entry (account_id integer not null references account) with (${VACUUMED})`,
      );
      await client.rows(`insert into entry select 1 from generate_series(1, ${10 * ROWS})`);
      await using ofAccount = await openContext(url, accountChange);
      for (const phase of [expand, backfill]) await phase(ofAccount);
      await client.rows(`update entry set account_id = 1`);
      await client.rows(`alter table entry set (autovacuum_enabled = on)`);
      await autovacuum('entry');
      await enforce(ofAccount);
      await autovacuum('entry');
      await contract(ofAccount);
      expect(ofAccount.lines.filter((line) => line.includes('no lock on'))).toEqual([]);
      expect(await finishedVacuums('entry')).toBe(0);
    },
    RUN_MS,
  );

  it(
    'names a person who vacuums it; nobody who reads or writes waits, and an `analyze` that waits too comes to its turn',
    async () => {
      await using person = await connect(url, 'a person');
      await person.rows(`set ${SLOWLY.delay}`);
      await person.rows(`set ${SLOWLY.limit}`);
      await client.rows(`update event set at = at`);
      const vacuum = person.rows(`vacuum event`).catch((error: Error) => error.message);
      await until(async () => ((await waitsOrHolds(person.pid)) === 'holds' ? true : undefined));
      const firstTry = Promise.withResolvers<void>();
      const enforcing = enforce({
        ...context,
        emit: (event) => {
          context.emit(event);
          if (event.type === 'lock-retry' && event.attempt === 1) firstTry.resolve();
        },
      });
      const ownPid = await until(async () => {
        const [waiter] = await client.rows<{ pid: number }>(`
          select pid from pg_locks where relation = 'event'::regclass and not granted`);
        return waiter?.pid;
      });
      await using analyst = await connect(url, 'another person');
      const analyzing = analyst.rows(`analyze event`);
      await until(async () => ((await waitsOrHolds(analyst.pid)) === 'waits' ? true : undefined));

      await client.rows(`set statement_timeout = '${LONGEST_WAIT}'`);
      await until(async () => {
        const hasWaited = (await waitsOrHolds(ownPid)) === 'waits';
        await client.rows(`insert into event values (0, '2024-01-01 10:00:00')`);
        await client.rows(`update event set at = '2024-01-01 10:00:01' where id = 0`);
        expect(await client.value(`select count(*)::int from event`)).toBe(ROWS + 1);
        await client.rows(`delete from event where id = 0`);
        return hasWaited && (await waitsOrHolds(ownPid)) === 'waits' ? true : undefined;
      });
      await client.rows(`reset statement_timeout`);

      await firstTry.promise;
      expect(retries()[0]).toMatch(
        /within 2000 ms .*blocked by pid \d+ "a person", user postgres, active, .*: vacuum event/,
      );
      await client.rows(`select pg_cancel_backend(${person.pid})`);
      expect(await vacuum).toMatch('canceling statement');
      await Promise.all([enforcing, analyzing]);
    },
    RUN_MS,
  );

  it(
    'tells of a vacuum against wraparound that it does not give way, and leaves it alone',
    async () => {
      // The backfill has vacuumed the table. Another vacuum would skip those pages, and end within the budget.
      await client.rows(`update event set at = at`);
      await client.rows(`create table if not exists witness (n int)`);
      await client.rows(`
        do $$ begin
          for n in 1..${FREEZE_MAX_AGE} loop
            begin insert into witness values (n); exception when others then null; end;
          end loop;
        end $$`);
      await client.rows(`alter table event set (autovacuum_freeze_max_age = ${FREEZE_MAX_AGE})`);
      const worker = await autovacuum();
      expect(worker.query).toMatch('(to prevent wraparound)');
      await expect(
        enforce({ ...context, settings: { ...context.settings, lockBudgetMs: 3_000 } }),
      ).rejects.toThrow(
        /could not be locked within 3 s .*autovacuum worker that does not give way, since it prevents transaction ID wraparound: let it end/,
      );
      expect((await autovacuum()).pid).toBe(worker.pid);
      await client.rows(`select pg_terminate_backend(${worker.pid})`);
    },
    RUN_MS,
  );
});

async function waitsOrHolds(pid: number): Promise<'waits' | 'holds' | undefined> {
  const [lock] = await client.rows<{ granted: boolean }>(`
    select bool_and(granted) as granted from pg_locks
    where pid = ${pid} and relation = 'event'::regclass and mode = 'ShareUpdateExclusiveLock' having count(*) > 0`);
  if (lock === undefined) return undefined;
  return lock.granted ? 'holds' : 'waits';
}
