import { describe, expect, it } from '@jest/globals';
import { type MeasuredRun, measureRun } from '../../../src/showcase/bench/measured-run.ts';
import { type Method, type MethodName, METHODS } from '../../../src/showcase/bench/methods.ts';
import { connect } from '../../../src/showcase/harness/connection.ts';
import { createMigratedDatabase } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { connect as connectTest } from '../../support/database-client.ts';

const ROWS = 20_000;
/** Two processes of MikroORM, on a busy machine. */
const LIMIT_MS = 120_000;
const { signal } = new AbortController();

/** Batches of the engine's shortest range. */
const STRIPES = 8;
/** A full batch of 10,000 rows, a second one, and an empty one that ends the loop. */
const BATCHES: Partial<Record<MethodName, number>> = {
  'in-limit': 3,
  'whole-table': 1,
  'ranges-1000': 20,
  'ranges-10000': 2,
  'alter-type': 1,
};

async function createSeededDatabase(): Promise<
  AsyncDisposable & { name: string; url: string; rows: number }
> {
  const database = await createMigratedDatabase('0001');
  await using client = await connectTest(database.url);
  await insertRows(client, ROWS);
  return { ...database, rows: ROWS };
}

async function measure(method: Method): Promise<MeasuredRun> {
  await using database = await createSeededDatabase();
  return await measureRun(method, database, null, signal);
}

describe('every method', () => {
  it.each(METHODS.map((method) => [method.name, method] as const))(
    '%s fills every row with the right value',
    async (name, method) => {
      await using database = await createSeededDatabase();
      await using connection = await connect(database.url);
      const methodDatabase = { url: database.url, connection, signal };
      await method.prepare(methodDatabase);
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
      expect(outcome.seconds).toBeGreaterThan(0);
      expect(outcome.accessExclusiveMs).toBe(name === 'alter-type' ? outcome.longestBatchMs : null);
      const isEngine = method.workers !== null;
      expect((outcome.process?.seconds ?? 0) > outcome.seconds).toBe(isEngine);
      expect((outcome.process?.peakMemoryBytes ?? 0) > 0).toBe(isEngine && process.platform === 'linux');
    },
    LIMIT_MS,
  );
});

describe('measureRun', () => {
  const [whole, range] = METHODS.filter(({ name }) => ['whole-table', 'ranges-10000'].includes(name)) as [
    Method,
    Method,
  ];

  it('has the cost of a method and the state of every row', async () => {
    const run = await measure(whole);
    expect(run).toMatchObject({
      method: 'whole-table',
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
    const damaging: Method = {
      ...range,
      run: async (database) => {
        const outcome = await range.run(database);
        await database.connection.query(damage);
        return outcome;
      },
    };
    await expect(measure(damaging)).rejects.toThrow(`ranges-10000 left ${sentence} rows with a wrong value`);
  });
});
