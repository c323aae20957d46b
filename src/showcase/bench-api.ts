import { z } from 'zod';
import { LARGEST_NUMBER } from '../large-record/seeding.ts';
import { benchApiReport } from './bench-api/report.ts';
import { runBenchApi } from './bench-api/run-bench-api.ts';
import { readOptions, wholeNumber } from '../command-line/command-options.ts';
import { runCommand } from '../command-line/run-command.ts';

// npm run bench:api: compares the API with the same application on plain MikroORM at every stage of the change.

const USAGE = 'npm run bench:api -- [--rows <number>] [--seconds <number>]';
const DEFAULT_ROWS = 100_000;
const DEFAULT_SECONDS = 1;
const MOST_SECONDS = 600;

const optionsSchema = z.strictObject({
  rows: wholeNumber(1, LARGEST_NUMBER).default(DEFAULT_ROWS),
  seconds: wholeNumber(1, MOST_SECONDS).default(DEFAULT_SECONDS),
});

await runCommand(async (signal) => {
  const options = readOptions(process.argv.slice(2), USAGE, optionsSchema);
  // Only the report goes to standard output.
  console.error('Database: a separate embedded PostgreSQL, deleted at the end.');
  const result = await runBenchApi(options, signal, (line) => console.error(line));
  console.log(`\n${benchApiReport(result)}`);
});
