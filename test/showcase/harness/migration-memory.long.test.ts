import { expect, it } from '@jest/globals';
import { watchPeakMemory } from '../../../src/showcase/harness/peak-memory.ts';
import { startNode } from '../../support/command-line.ts';
import { connect } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { slowUpdatesDown } from '../../support/slow-updates.ts';

const FEW_ROWS = 500;
/** Thousands of batches, because a batch takes one block at least. */
const MANY_ROWS = 10 * FEW_ROWS;
const LARGEST_PEAK_BYTES = 120_000_000;
/** The heap of the same run differs by some megabytes from run to run, by the time of each collection. */
const LARGEST_GROWTH = 1.1;
const LIMIT_MS = 120_000;
const MIKRO_ORM = 'node_modules/@mikro-orm/cli/cli.js';

/** Runs the backfill of a table by the command line, in batches as small as possible. */
async function backfill(rows: number): Promise<{ batches: number; peakBytes: number }> {
  await using database = await createMigratedDatabase('0001');
  await using client = await connect(database.url);
  await client.rows(`alter table large_record set (fillfactor = 10)`);
  await insertRows(client, rows);
  await using migrator = await openMigrator(database.url);
  await migrator.go('0002');
  await slowUpdatesDown(client, `if id % 2 = 0 then perform pg_sleep(0.0005); end if;`, 'large_record');
  const command = startNode([MIKRO_ORM, 'migration:up', '--to', '0003'], {
    DATABASE_URL: database.url,
    BACKFILL_BATCH_MS: '1',
  });
  using peak = watchPeakMemory(command.process.pid!);
  const exitCode = await command.exitCode;
  expect({ exitCode, output: command.output() }).toMatchObject({ exitCode: 0 });
  const [, batches] = /([\d,]+) batches/.exec(command.output())!;
  // Only Linux tells the peak.
  return { batches: Number(batches!.replaceAll(',', '')), peakBytes: peak.bytes ?? 0 };
}

it(
  'a backfill needs at most 120 MB, and no more for ten times as many batches',
  async () => {
    // The first run compiles the TypeScript of the phase.
    await backfill(0);
    const few = await backfill(FEW_ROWS);
    const many = await backfill(MANY_ROWS);
    expect(many.batches).toBeGreaterThan(1_000);
    expect(many.batches / few.batches).toBeGreaterThan(5);
    expect(many.peakBytes).toBeLessThanOrEqual(LARGEST_PEAK_BYTES);
    expect(many.peakBytes).toBeLessThanOrEqual(few.peakBytes * LARGEST_GROWTH);
  },
  LIMIT_MS,
);
