import { z } from 'zod';
import { readConfig } from '../config.ts';
import { resolveDatabase } from '../database/resolve-database.ts';
import { LARGEST_NUMBER, SEEDED_NAME_PREFIX, seedLargeRecords } from './seeding.ts';
import { flag, readOptions, wholeNumber } from '../command-line/command-options.ts';
import { runCommand } from '../command-line/run-command.ts';
import { rowCount } from '../command-line/row-count.ts';
import { showRowsProgress } from '../command-line/rows-progress.ts';

// npm run seed: fills large_record with numbered records.

const USAGE = 'npm run seed -- [--rows <number>] [--append]';
const DEFAULT_ROWS = 1_000_000;

const optionsSchema = z.strictObject({
  rows: wholeNumber(1, LARGEST_NUMBER).default(DEFAULT_ROWS),
  append: flag,
});

await runCommand(async (signal) => {
  const { rows, append } = readOptions(process.argv.slice(2), USAGE, optionsSchema);
  const database = await resolveDatabase(readConfig());
  console.log(database.description);

  const began = performance.now();
  const { first, last } = await seedAndShow(database.url, rows, append, signal);
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `Seeded ${SEEDED_NAME_PREFIX}${first} to ${SEEDED_NAME_PREFIX}${last} ` +
      `in ${seconds.toFixed(1)} s (${rowCount(rows / seconds)} rows/s).`,
  );
});

async function seedAndShow(
  url: string,
  rows: number,
  append: boolean,
  signal: AbortSignal,
): Promise<{ first: number; last: number }> {
  let rowsDone = 0;
  try {
    using progress = showRowsProgress(rows, process.stdout);
    const report = (done: number) => {
      rowsDone = done;
      progress.update(done);
    };
    return await seedLargeRecords(url, { rows, append, signal, report });
  } catch (error) {
    if (rowsDone > 0) {
      const goOn = `npm run seed -- --rows ${rows - rowsDone} --append`;
      console.error(`${rowCount(rowsDone)} rows are seeded. To add the rest, run \`${goOn}\`.`);
    }
    throw error;
  }
}
