import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type RunningCommand } from '../../support/command-line.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { startMikroOrm } from '../../support/event-project/commands.ts';
import { createMigratedDatabase } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';
import { held, hold, type HoldPoint, installHoldPoints, letGo } from '../../support/hold-points.ts';

const ROWS = 5_000;
const MIGRATORS = 10;
/** Ten processes that load at once want some patience of a busy machine. */
const STARTS_LIMIT_MS = 120_000;
const NAMES = ['0001', '0002', '0003', '0004', '0005', '0006'];

let resources: AsyncDisposableStack;
let url: string;
let client: DatabaseClient;
beforeEach(async () => {
  resources = new AsyncDisposableStack();
  ({ url } = resources.use(await createMigratedDatabase('0001')));
  client = resources.use(await connect(url));
  await insertEvents(client, ROWS);
  await installHoldPoints(client, 'event');
});
afterEach(() => resources.disposeAsync());

/** Starts `npx mikro-orm migration:up`; whatever is left of it at the test's end is killed. */
function startMigrator(): RunningCommand {
  const command = startMikroOrm(url, ['migration:up']);
  resources.defer(async () => {
    command.process.kill('SIGKILL');
    await command.exitCode;
  });
  return command;
}

const ledger = () =>
  client.rows<{ id: number; name: string }>(
    `select id, left(name, 4) as name from mikro_orm_migrations order by id`,
  );

/** How a waiting migrator describes the session that holds the lock. Its application name grows with each phase. */
async function announcement(): Promise<RegExp> {
  const [holder] = await client.rows<{ pid: number; backend_start: Date }>(`
    select pid, backend_start
    from pg_locks join pg_stat_activity using (pid)
    where locktype = 'advisory' and granted and datname = current_database()`);
  const since = holder!.backend_start.toISOString();
  return new RegExp(
    `another runner migrates .*: pid ${holder!.pid} \\(online-migration[^)]*\\), since ${since}`,
  );
}

/** Resolves when the waiting migrator has asked for the lock once more. */
async function asksAgain(): Promise<void> {
  const now = await client.value<string>(`select clock_timestamp()::text`);
  while (
    !(await client.value<boolean>(
      `
      select exists (
        select from pg_stat_activity
        where datname = current_database() and application_name = 'online-migration'
          and state = 'idle' and query_start > $1::timestamptz
      )`,
      [now],
    ))
  );
}

describe(`${MIGRATORS} migrators that are started together`, () => {
  it(
    'run each migration once, and all exit with 0',
    async () => {
      await client.rows(`create table filled (id bigint primary key)`);
      await client.rows(`
      create function note_fill(id bigint) returns boolean language plpgsql as $$
      begin
        insert into filled values (id);
        return true;
      end $$`);
      await client.rows(`
      alter table event add constraint note_fill check (note_fill(id)) not valid`);
      await hold(client, 'batch');

      const migrators = Array.from({ length: MIGRATORS }, () => startMigrator());
      await held(client, Promise.any(migrators.map(({ exitCode }) => exitCode)));
      const waitsForHolder = await announcement();
      const waiting = await Promise.all(
        migrators.map((migrator) =>
          Promise.race([
            migrator.printed(waitsForHolder).then(() => true),
            migrator.printed(/Processing '0003/).then(() => false),
          ]),
        ),
      );
      expect(waiting.filter(Boolean)).toHaveLength(MIGRATORS - 1);
      await letGo(client);

      expect(await Promise.all(migrators.map(({ exitCode }) => exitCode))).toEqual(
        Array.from({ length: MIGRATORS }, () => 0),
      );
      expect(await ledger()).toEqual(NAMES.map((name, n) => ({ id: n + 1, name })));
      expect(await client.value(`select count(*) from filled`)).toBe(String(ROWS));
      const applied = migrators.flatMap((migrator) => [...migrator.output().matchAll(/Applied '(\d{4})/g)]);
      expect(applied.map(([, number]) => number).toSorted((a, b) => Number(a) - Number(b))).toEqual(
        NAMES.slice(1),
      );
    },
    STARTS_LIMIT_MS,
  );
});

describe('a migrator that is killed while another one waits', () => {
  it.each<HoldPoint>(['batch', 'commit'])('in its %s leaves the rest to that one', async (point) => {
    await hold(client, point);
    const first = startMigrator();
    await held(client, first.exitCode);
    const second = startMigrator();
    await second.printed(/another runner migrates this database/);
    first.process.kill('SIGKILL');
    expect(await first.exitCode).toBeNull();
    await Promise.race([asksAgain(), second.printed(/Processing/)]);
    await letGo(client);
    expect({ exitCode: await second.exitCode, output: second.output() }).toMatchObject({ exitCode: 0 });
    expect(await ledger()).toMatchObject(NAMES.map((name) => ({ name })));
  });
});
