import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient, WATCHER_NAME } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';

const SMALL = 100_000;
const LARGE = 1_000_000;
const WAY = ['0002', '0003', '0004', '0005', '0006', '0005', '0004', '0003', '0002', '0001'];
/** How much longer the median phase may take on the large table; a scan takes several times as much. */
const NOISE_MS = 20;
const RUN_MS = 400_000;

/** Locks on the table that block a reader or a writer. Weaker ones block neither. */
const DISTURBING_MODES = ['ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'];
const HELD = /(\w[^'[\]]*): held ACCESS EXCLUSIVE on "public"."large_record" for ([\d.]+) ms/;

/** The locks and files of a table of one size. */
interface LockUse {
  /** Milliseconds of ACCESS EXCLUSIVE, by purpose. */
  readonly heldMs: Map<string, number>;
  /** Modes observed during a phase without an exclusive lock. */
  readonly quietModes: Set<string>;
  /** Statements that read rows of the table while their transaction held ACCESS EXCLUSIVE on it. */
  readonly scans: string[];
  /** Files of the table; a second file means that it was rewritten. */
  readonly files: Set<string>;
}

/** For each statement that changes the catalog, records how many rows it has read under the lock. */
async function watchScans(client: DatabaseClient): Promise<void> {
  await client.rows(`create table public.scan (query text, rows bigint)`);
  await client.rows(`
    create function public.rows_read() returns bigint language sql as $$
      select coalesce(pg_stat_get_xact_tuples_returned(to_regclass('public.large_record')), 0)
    $$`);
  await client.rows(`
    create function public.note_start() returns event_trigger language plpgsql as $$
    begin
      perform set_config('test.rows_before', public.rows_read()::text, true);
    end $$`);
  await client.rows(`
    create function public.note_scan() returns event_trigger language plpgsql as $$
    begin
      if exists (
        select from pg_catalog.pg_locks
        where pid = pg_backend_pid() and relation = to_regclass('public.large_record') and mode = 'AccessExclusiveLock'
      ) then
        insert into public.scan
        values (current_query(), public.rows_read() - current_setting('test.rows_before')::bigint);
      end if;
    end $$`);
  await client.rows(
    `create event trigger note_start on ddl_command_start execute function public.note_start()`,
  );
  await client.rows(`create event trigger note_scan on ddl_command_end execute function public.note_scan()`);
}

/** Samples the locks of the table without a pause, until it is stopped. */
function sampleLocks(client: DatabaseClient): { stop(): Promise<Set<string>> } {
  const stopping = new AbortController();
  const sampling = (async () => {
    const modes = new Set<string>();
    while (!stopping.signal.aborted) {
      const rows = await client.rows<{ mode: string }>(`
        select distinct l.mode
        from pg_locks l join pg_stat_activity a using (pid)
        where l.locktype = 'relation' and l.relation = to_regclass('large_record') and l.granted
          and a.application_name like 'online-migration%'`);
      for (const { mode } of rows) modes.add(mode);
    }
    return modes;
  })();
  return {
    stop: () => {
      stopping.abort();
      return sampling;
    },
  };
}

function heldBy(migrator: TestMigrator, fromLine: number): [purpose: string, heldMs: number][] {
  return migrator.log.slice(fromLine).flatMap((line) => {
    const [, purpose, held] = HELD.exec(line) ?? [];
    return purpose === undefined ? [] : [[purpose, Number(held)]];
  });
}

async function runAllMoves(rows: number): Promise<LockUse> {
  await using database = await createMigratedDatabase('0001');
  await using client = await connect(database.url, WATCHER_NAME);
  await insertRows(client, rows);
  await watchScans(client);
  await using migrator = await openMigrator(database.url);
  const heldMs = new Map<string, number>();
  const files = new Set<string>();
  let quietModes = new Set<string>();
  for (const phase of WAY) {
    const fromLine = migrator.log.length;
    const samples = sampleLocks(client);
    await migrator.go(phase);
    const modes = await samples.stop();
    const held = heldBy(migrator, fromLine);
    for (const [purpose, milliseconds] of held) heldMs.set(purpose, milliseconds);
    if (held.length === 0) quietModes = new Set([...quietModes, ...modes]);
    files.add(await client.value<string>(`select pg_relation_filenode('large_record')::text`));
  }
  const noted = await client.value<string>(`select count(*) from scan`);
  expect(Number(noted)).toBeGreaterThan(heldMs.size);
  const scans = await client.rows<{ query: string }>(`select distinct query from scan where rows > 0`);
  return { heldMs, quietModes, scans: scans.map(({ query }) => query), files };
}

function median(values: Iterable<number>): number {
  const sorted = [...values].toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

describe('the locks of the phases', () => {
  const uses = new Map<number, LockUse>();

  beforeAll(async () => {
    for (const rows of [SMALL, LARGE]) uses.set(rows, await runAllMoves(rows));
  }, RUN_MS);

  afterAll(() => {
    const [small, large] = [uses.get(SMALL), uses.get(LARGE)];
    if (small === undefined || large === undefined) return;
    console.table(
      [...large.heldMs].map(([purpose, held]) => ({
        purpose,
        lock: 'ACCESS EXCLUSIVE',
        [`ms, ${SMALL} rows`]: small.heldMs.get(purpose),
        [`ms, ${LARGE} rows`]: held,
      })),
    );
  });

  it.each([SMALL, LARGE])(
    'at %i rows: no row is read, and no file rewritten, under an exclusive lock',
    (rows) => {
      const { heldMs, scans, files } = uses.get(rows)!;
      expect(heldMs.size).toBe(12);
      expect(scans).toEqual([]);
      expect(files.size).toBe(1);
    },
  );

  it.each([SMALL, LARGE])(
    'at %i rows: the backfill takes no lock that a reader or a writer waits for',
    (rows) => {
      const { quietModes } = uses.get(rows)!;
      expect(quietModes).toContain('RowExclusiveLock');
      expect([...quietModes].filter((mode) => DISTURBING_MODES.includes(mode))).toEqual([]);
    },
  );

  it('are held as long on a table ten times the size', () => {
    const [small, large] = [SMALL, LARGE].map((rows) => median(uses.get(rows)!.heldMs.values()));
    expect(large).toBeLessThanOrEqual(2 * small! + NOISE_MS);
  });
});
