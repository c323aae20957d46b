import { z } from 'zod';
import { LARGEST_NUMBER } from '../large-record/seeding.ts';
import { randomSeed, readOptions, wholeNumber } from '../command-line/command-options.ts';
import { faultsOf } from './harness/faults.ts';
import { ledgerSentence } from './harness/ledger-check.ts';
import { rowCount } from '../command-line/row-count.ts';
import { showWork } from './harness/work-display.ts';
import { type SoakResult, runSoak } from './soak/run-soak.ts';
import { runCommand } from '../command-line/run-command.ts';

// npm run soak: runs all migrations up and down repeatedly, under the load of three API processes.

const USAGE = 'npm run soak -- [--minutes <number>] [--rows <number>] [--seed <number>]';
const DEFAULT_ROWS = 50_000;
const DEFAULT_MINUTES = 1;
const MINUTES_PER_WEEK = 7 * 24 * 60;

const optionsSchema = z.strictObject({
  minutes: wholeNumber(1, MINUTES_PER_WEEK).default(DEFAULT_MINUTES),
  rows: wholeNumber(1, LARGEST_NUMBER).default(DEFAULT_ROWS),
  seed: randomSeed,
});

await runCommand(async (signal) => {
  const options = readOptions(process.argv.slice(2), USAGE, optionsSchema);
  console.log('Database: a separate embedded PostgreSQL, deleted at the end.');
  console.log(`To repeat the random choices, pass --seed ${options.seed}.\n`);
  const result = await swing(options, signal);
  const { total, steps, differences, ledger } = result;
  console.log(
    `\n${rowCount(total.requests)} requests over ${steps.length - 1} migrations: ${rowCount(total.failed)} failed, ` +
      `p99 ${total.p99Ms.toFixed(1)} ms, longest ${total.maxMs.toFixed(1)} ms.`,
  );
  console.log(
    `Both columns, in every row, at every stage that has both: ${rowCount(differences)} different.`,
  );
  console.log(ledgerSentence(ledger));
  const faults = faultsOf(result, ledger);
  if (differences > 0) faults.push('The two columns differ.');
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
});

async function swing(
  options: { rows: number; minutes: number; seed: number },
  signal: AbortSignal,
): Promise<SoakResult> {
  using display = showWork(process.stdout);
  return await runSoak(options, signal, display);
}
