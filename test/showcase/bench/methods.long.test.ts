import { describe, expect, it } from '@jest/globals';
import { type MeasuredRun, measureRun } from '../../../src/showcase/bench/measured-run.ts';
import type { Method, MethodName, Variant } from '../../../src/showcase/bench/methods/method.ts';
import { methodNamed, METHODS } from '../../../src/showcase/bench/methods/methods.ts';
import { connect } from '../../../src/showcase/harness/connection.ts';
import { createMigratedDatabase } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { connect as connectTest } from '../../support/database-client.ts';

/** Two of GitLab's jobs, and two batches of the recipes with a rest. */
const ROWS = 25_000;
/** The writes after a method need no more. */
const FEW_ROWS = 2_000;
/** Two processes of MikroORM, on a busy machine. */
const LIMIT_MS = 120_000;
const { signal } = new AbortController();

/** Batches of the engine's shortest range. */
const STRIPES = 8;
/** `in-limit` and `pgroll` end with a batch that is not full. */
const BATCHES: Partial<Record<MethodName, number>> = {
  'in-limit': 3,
  'whole-table': 1,
  'ranges-10000': 3,
  'alter-type': 1,
  pgroll: 26,
  'online-migrations': 25,
  gitlab: 25,
};

/** The wait after each batch. */
const PAUSES_MS: Partial<Record<MethodName, number>> = { 'online-migrations': 50, gitlab: 100 };
/** A timer may fire this early. */
const TIMER_EARLY_MS = 1;

async function createSeededDatabase(
  rows: number,
): Promise<AsyncDisposable & { name: string; url: string; rows: number }> {
  const database = await createMigratedDatabase('0001');
  await using client = await connectTest(database.url);
  await insertRows(client, rows);
  return { ...database, rows };
}

async function measure(method: Method, variant: Variant): Promise<MeasuredRun> {
  await using database = await createSeededDatabase(ROWS);
  return await measureRun(method, variant, database, null, signal);
}

const EVERY = METHODS.flatMap((method) => method.variants.map((variant) => [method.name, variant] as const));
const LOSING = EVERY.filter(([name, variant]) => variant === 'published' && name !== 'alter-type');
const KEEPING = EVERY.filter(([, variant]) => variant === 'kept');

/** Fills the table, then writes one row as the application does, and adds another one. */
async function valuesAfterWrites(name: MethodName, variant: Variant): Promise<(boolean | null)[]> {
  const method = methodNamed(name);
  await using database = await createSeededDatabase(FEW_ROWS);
  await using connection = await connect(database.url);
  const methodDatabase = { url: database.url, connection, signal };
  await method.prepare(methodDatabase, variant);
  await method.run(methodDatabase);
  await connection.query(`update large_record set created_at = '2000-01-01 00:00:00' where id = 7`);
  await connection.query(`insert into large_record (name, created_at) values ('new', '2000-01-01 00:00:00')`);
  const { rows } = await connection.query<{ right: boolean | null }>(`
    select created_at_new = timestamptz '2000-01-01 00:00:00+00' as right
    from large_record where id = 7 or id > ${FEW_ROWS} order by id`);
  return rows.map(({ right }) => right);
}

describe('every method', () => {
  it.each(EVERY)(
    '%s, %s, fills every row with the right value',
    async (name, variant) => {
      const method = methodNamed(name);
      await using database = await createSeededDatabase(ROWS);
      await using connection = await connect(database.url);
      const methodDatabase = { url: database.url, connection, signal };
      await method.prepare(methodDatabase, variant);
      const outcome = await method.run(methodDatabase);

      const { rows } = await connection.query(`
        select count(*)::int as rows,
          count(*) filter (
            where ${method.column} = timestamptz '2024-01-01 10:00:00+00' + (id - 1) * interval '1 second'
          )::int as right,
          (
            select data_type from information_schema.columns
            where table_name = 'large_record' and column_name = '${method.column}'
          ) as type
        from large_record`);
      expect(rows).toEqual([{ rows: ROWS, right: ROWS, type: 'timestamp with time zone' }]);

      expect(outcome.batches).toBe(BATCHES[name] ?? Math.max(outcome.batches, STRIPES));
      expect(outcome.longestBatchMs).toBeGreaterThan(0);
      const pauseMs = (PAUSES_MS[name] ?? TIMER_EARLY_MS) - TIMER_EARLY_MS;
      expect(outcome.seconds).toBeGreaterThan((outcome.batches * pauseMs) / 1000);
      const isEngine = method.workers !== null;
      expect((outcome.process?.seconds ?? 0) > outcome.seconds).toBe(isEngine);
      expect((outcome.process?.peakMemoryBytes ?? 0) > 0).toBe(isEngine && process.platform === 'linux');
    },
    LIMIT_MS,
  );

  it.each(LOSING)(
    '%s, %s, loses writes that follow its batch',
    async (name, variant) => {
      expect(await valuesAfterWrites(name, variant)).toEqual([false, null]);
    },
    LIMIT_MS,
  );

  it.each(KEEPING)(
    '%s, %s, has the writes that follow its batch',
    async (name, variant) => {
      expect(await valuesAfterWrites(name, variant)).toEqual([true, true]);
    },
    LIMIT_MS,
  );
});

describe('measureRun', () => {
  it('has the cost of a method and the state of every row', async () => {
    const run = await measure(methodNamed('whole-table'), 'published');
    expect(run).toMatchObject({
      method: 'whole-table',
      variant: 'published',
      rows: ROWS,
      api: null,
      ledger: { acknowledged: 0, missing: 0, different: 0, unexpected: 0 },
    });
    expect(run.walBytes).toBeGreaterThan(0);
    // A second version of each row and index entry.
    expect(run.heapGrowth).toBeGreaterThan(1.5);
    expect(run.indexGrowth).toBeGreaterThan(1.5);
  });

  it.each([
    [
      'a value is missing',
      `update large_record set created_at_new = null where id = 7`,
      '0 rows missing and 1',
    ],
    [
      'a value is another',
      `update large_record set created_at_new = created_at_new + interval '1 hour' where id > ${ROWS - 2}`,
      '0 rows missing and 2',
    ],
    ['rows are missing', `delete from large_record where id in (1, 2, 3)`, '3 rows missing and 0'],
  ])('refuses numbers of a method after which %s', async (_what, damage, sentence) => {
    const ranges = methodNamed('ranges-10000');
    const damaging: Method = {
      ...ranges,
      run: async (database) => {
        const outcome = await ranges.run(database);
        await database.connection.query(damage);
        return outcome;
      },
    };
    await expect(measure(damaging, 'kept')).rejects.toThrow(
      `ranges-10000 left ${sentence} rows with a wrong value`,
    );
  });
});
