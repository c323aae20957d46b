import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../support/database-client.ts';
import { createMigratedDatabase, openMigrator, type TestMigrator } from '../support/migrator.ts';
import { insertRows } from '../support/seeded-table.ts';

const SMALL = 100_000;
const LARGE = 1_000_000;
const WAY = ['0002', '0003', '0004', '0005', '0006', '0005', '0004', '0003', '0002', '0001'];
/** Of two rounds the shorter one counts: a hiccup of the machine seldom meets the same move twice. */
const ROUNDS = 2;
/** Catalog work takes no part of this; a scan of the large table under the lock takes several times as much. */
const NOISE_MS = 20;

/** Locks on the table that a reader, or a writer, would wait for; everything weaker disturbs neither. */
const DISTURBING_MODES = ['ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'];

/** What one move did: how long it held its strong locks, and which disturbing locks were seen. */
interface LockUse {
  /** Milliseconds that ACCESS EXCLUSIVE was held, by what it was held for. */
  readonly heldMs: Map<string, number>;
  readonly modes: Set<string>;
}

const HELD = /(\w[^'\[\]]*): held ACCESS EXCLUSIVE on "public"."large_record" for ([\d.]+) ms/;

const measured = new Map<number, Map<string, number>>();
const modesSeen = new Map<string, Set<string>>();
const filesSeen = new Map<number, Set<string>>();

const resources = new AsyncDisposableStack();

/** Looks at the locks of the table, without a pause, until it is stopped. */
function sampleLocks(client: DatabaseClient): { stop(): Promise<Set<string>> } {
  const stopping = new AbortController();
  const sampling = (async () => {
    const modes = new Set<string>();
    while (!stopping.signal.aborted) {
      const rows = await client.rows<{ mode: string }>(`
        select distinct l.mode
        from pg_locks l join pg_stat_activity a using (pid)
        where l.relation = to_regclass('large_record') and l.granted and a.application_name like 'online-migration%'`);
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

async function measure(migrator: TestMigrator, sampler: DatabaseClient, move: string): Promise<LockUse> {
  const from = migrator.log.length;
  const samples = sampleLocks(sampler);
  await migrator.go(move);
  const modes = await samples.stop();
  const heldMs = new Map<string, number>();
  for (const line of migrator.log.slice(from)) {
    const [, purpose, held] = HELD.exec(line) ?? [];
    if (purpose !== undefined) heldMs.set(purpose, Number(held));
  }
  return { heldMs, modes };
}

describe.each([SMALL, LARGE])('the locks of each move at %i rows', (rows) => {
  const shortest = new Map<string, number>();

  beforeAll(async () => {
    const database = resources.use(await createMigratedDatabase('0001'));
    const client = resources.use(await connect(database.url));
    await insertRows(client, rows);
    const migrator = resources.use(await openMigrator(database.url));
    const files = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const move of WAY) {
        const { heldMs, modes } = await measure(migrator, client, move);
        for (const [purpose, held] of heldMs)
          shortest.set(purpose, Math.min(held, shortest.get(purpose) ?? held));
        const seen = modesSeen.get(move) ?? new Set();
        modesSeen.set(move, seen.union(modes));
        files.add(await client.value<string>(`select pg_relation_filenode('large_record')::text`));
      }
    }
    measured.set(rows, shortest);
    filesSeen.set(rows, files);
  }, 300_000);

  it('are held for catalog work only: the table is never written anew', () => {
    expect(shortest.size).toBe(11);
    expect(filesSeen.get(rows)?.size).toBe(1);
  });

  it('disturb no one during the backfill', () => {
    expect([...modesSeen.get('0003')!].filter((mode) => DISTURBING_MODES.includes(mode))).toEqual([
      'AccessExclusiveLock',
    ]);
  });
});

describe('the strong locks', () => {
  afterAll(() => resources.disposeAsync());

  it('are held as long on a table ten times the size', () => {
    const small = measured.get(SMALL)!;
    const large = measured.get(LARGE)!;
    const table = [...large].map(([purpose, held]) => ({
      purpose,
      lock: 'ACCESS EXCLUSIVE',
      [`ms at ${SMALL} rows`]: small.get(purpose),
      [`ms at ${LARGE} rows`]: held,
    }));
    console.table(table);
    const longer = [...large].filter(([purpose, held]) => held > 2 * (small.get(purpose) ?? 0) + NOISE_MS);
    expect(longer).toEqual([]);
  });
});
