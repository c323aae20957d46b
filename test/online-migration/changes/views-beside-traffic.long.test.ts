import { describe, expect, it, jest } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect } from '../../support/database-client.ts';
import { held, hold, installDdlHoldPoint, letGo } from '../../support/hold-points.ts';
import { terminateSession } from '../../support/lock-waits.ts';
import { databasePerTest } from '../../support/tested-database.ts';
import { readViewCatalog } from '../../support/view-snapshot.ts';

const change = changeOf('part.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });
const READERS = 6;
/** Enough for several tries. */
const BUDGET_MS = 1_500;
/** Far longer than a try holds its locks. */
const LONGEST_WAIT = '1s';

const TABLE = [
  `insert into part select n, 'part ' || n, n from generate_series(1, 1000) as n`,
  `create view big as select id, size from part where size > 9`,
  `create view bigger as select id, size * 2 as twice from big`,
  `create view biggest as select max(twice), count(*) from bigger`,
];

const PARTITIONED = `
  create table part (id bigint, name text, size integer not null, primary key (id)) partition by range (id);
  create table part_1 partition of part for values from (0) to (500);
  create table part_2 partition of part for values from (500) to (5000) partition by hash (id);
  create table part_2_1 partition of part_2 for values with (modulus 2, remainder 0);
  create table part_2_2 partition of part_2 for values with (modulus 2, remainder 1)`;

const database = databasePerTest();
const { client } = database;

/** Reads a view in a loop until the test ends at the latest. */
async function readViews(view: string, pauses: boolean) {
  const reader = await database.connect('reader');
  await reader.rows(`set statement_timeout = '${LONGEST_WAIT}'`);
  const stopping = new AbortController();
  const failures: string[] = [];
  let reads = 0;
  const running = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await reader.rows(`select * from ${view}${pauses ? ', pg_sleep(0.005)' : ''} limit 3`);
      } catch (error) {
        failures.push(String(error));
      }
      reads += 1;
    }
  })();
  const stop = () => {
    stopping.abort();
    return running;
  };
  database.defer(stop);
  return { failures, stop, reads: () => reads };
}

describe.each([
  ['a table', `create table part (id bigint primary key, name text, size integer not null)`],
  ['a partitioned table', PARTITIONED],
])('the views of %s', (_, table) => {
  it('can be read at any time while contract and its way back run, and neither has to wait for ever', async () => {
    for (const statement of [table, ...TABLE]) await client.rows(statement);
    const before = await readViewCatalog(client);
    await using context = await database.open(change);
    const readers = await Promise.all(
      Array.from({ length: READERS }, (_one, place) =>
        readViews(['big', 'bigger', 'biggest'][place % 3]!, place >= 3),
      ),
    );
    for (const phase of [expand, backfill, enforce]) await phase(context);
    for (let round = 0; round < 3; round++) {
      await contract(context);
      await revertContract(context);
      await revertEnforce(context);
      await enforce(context);
    }
    expect(await readViewCatalog(client)).toEqual(before);
    for (const { stop } of readers) await stop();
    expect(readers.flatMap(({ failures }) => failures)).toEqual([]);
    for (const { reads } of readers) expect(reads()).toBeGreaterThan(10);
  });

  it('stay as they are if contract is killed, and go over with the next run', async () => {
    for (const statement of [table, ...TABLE]) await client.rows(statement);
    const before = await readViewCatalog(client);
    for (const phase of [expand, backfill, enforce]) await database.runPhases(change, [phase]);
    await installDdlHoldPoint(client);
    await client.rows(`
      create function hold_view() returns event_trigger language plpgsql as $$
      begin
        if exists (select from pg_event_trigger_ddl_commands() where schema_name = 'public') then
          call public.stand_still('ddl');
        end if;
      end $$;
      create event trigger hold_view on ddl_command_end when tag in ('CREATE VIEW') execute function hold_view();
      drop event trigger hold_ddl`);
    await hold(client, 'ddl');
    const killed = database.runPhases(change, [contract]).catch(() => undefined);
    await held(client, killed);
    expect(
      await client.value(`
        select count(*)::int from pg_locks
        where relation = any (array['big', 'bigger', 'biggest', 'part']::regclass[]) and mode = 'AccessExclusiveLock'`),
    ).toBe(4);
    await terminateSession(
      await client.value<number>(
        `select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
      ),
    );
    await killed;
    await letGo(client);
    expect(await readViewCatalog(client)).toEqual(before);
    await database.runPhases(change, [contract]);
    expect(await client.value(`select pg_typeof(size)::text from big limit 1`)).toBe('bigint');
    await database.runPhases(change, [PHASES.up.at(-1)!, ...PHASES.down]);
    expect(await readViewCatalog(client)).toEqual(before);
  });
});

describe('a view that is altered while contract waits for its lock', () => {
  it.each([
    ['a grant', `grant select on big to pg_monitor`],
    ['a comment', `comment on column big.size is 'in mm'`],
    ['another definition', `create or replace view big as select id, size, name from part where size > 5`],
  ])('keeps %s', async (_, statement) => {
    await client.rows(`create table part (id bigint primary key, name text, size integer not null)`);
    for (const setup of TABLE) await client.rows(setup);
    await using context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    const { session } = context;
    const script = session.script.bind(session);
    let altered = false;
    jest.spyOn(session, 'script').mockImplementation(async (text) => {
      if (text.includes('drop view public.big') && !altered) {
        altered = true;
        await client.rows(statement);
      }
      return script(text);
    });
    const query = session.query.bind(session);
    jest.spyOn(session, 'query').mockImplementation(async (text, values) => {
      if (text.includes('drop view public.big') && !altered) {
        altered = true;
        await client.rows(statement);
      }
      return query<never>(text, values);
    });
    await contract(context);
    expect(altered).toBe(true);
    const after = JSON.stringify(await readViewCatalog(client));
    expect(after).toMatch(/pg_monitor|in mm|> 5/);
    expect(await client.value(`select pg_typeof(size)::text from big limit 1`)).toBe('bigint');
  });
});

describe('a view that a transaction has read', () => {
  it('stays as it is until the transaction ends; it is named, and nobody else waits for long', async () => {
    await client.rows(`create table part (id bigint primary key, name text, size integer not null)`);
    for (const statement of TABLE) await client.rows(statement);
    await using context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    await using report = await connect(database.url, 'the report');
    await using other = await connect(database.url);
    await report.rows(`begin`);
    await report.rows(`select * from biggest`);
    const over = new AbortController();
    const outcome = contract({ ...context, settings: { ...context.settings, lockBudgetMs: BUDGET_MS } })
      .then(
        () => 'granted',
        (error: Error) => error.message,
      )
      .finally(() => over.abort());
    await other.rows(`set statement_timeout = '${LONGEST_WAIT}'`);
    while (!over.signal.aborted) {
      await other.rows(`select * from biggest`);
      await other.rows(`select count(*) from part`);
    }
    expect(await outcome).toMatch(/could not be locked .*"the report", user postgres, idle in transaction/);
    await report.rows(`commit`);
    await contract(context);
    expect(await client.value(`select pg_typeof(size)::text from big limit 1`)).toBe('bigint');
  });
});
