import { describe, expect, it } from '@jest/globals';
import { measureChange } from '../../../src/showcase/bench-change/change-run.ts';
import { connect } from '../../support/database-client.ts';
import { createMigratedDatabase } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';

const ROWS = 5_000;
/** Ten processes of MikroORM, on a busy machine. */
const LIMIT_MS = 240_000;
const { signal } = new AbortController();

describe('measureChange', () => {
  it(
    'has the cost of each phase, there and back',
    async () => {
      await using database = await createMigratedDatabase('0001');
      await using client = await connect(database.url);
      await insertRows(client, ROWS);
      const run = await measureChange({ ...database, rows: ROWS }, 1, signal);
      expect(run.phases.map(({ migration, direction }) => `${migration} ${direction}`)).toEqual([
        ...['0002', '0003', '0004', '0005', '0006'].map((number) => `${number} up`),
        ...['0006', '0005', '0004', '0003', '0002'].map((number) => `${number} down`),
      ]);
      for (const { seconds, walBytes, heapGrowth, indexGrowth } of run.phases) {
        expect(seconds).toBeGreaterThan(0);
        expect(walBytes).toBeGreaterThan(0);
        expect(heapGrowth).toBeGreaterThanOrEqual(1);
        expect(indexGrowth).toBeGreaterThanOrEqual(1);
      }
      const filling = run.phases.filter(({ fillSeconds }) => fillSeconds !== null);
      expect(filling.map(({ migration }) => migration)).toEqual(['0003', '0005']);
      const withoutLock = run.phases.filter(({ longestLockMs }) => longestLockMs === null);
      expect(withoutLock.map(({ migration }) => migration)).toEqual(['0003', '0003']);
      expect(Math.min(...run.processSeconds)).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  it(
    'refuses numbers of a change that leaves another value',
    async () => {
      await using database = await createMigratedDatabase('0001');
      await using client = await connect(database.url);
      await insertRows(client, 10);
      await client.rows(`
        create function rename_row() returns event_trigger language plpgsql
        as $$ begin update public.large_record set name = 'other' where id = 1; end $$`);
      await client.rows(`
        create event trigger during_change on ddl_command_end when tag in ('CREATE SCHEMA')
        execute function rename_row()`);
      const measured = measureChange({ ...database, rows: 10 }, 1, signal);
      await expect(measured).rejects.toThrow('some rows are not the same');
    },
    LIMIT_MS,
  );
});
